// window.snap of the simulator: the pay page in a popup (pay) or inside an element of the shop's page (embed).
"use strict";

(() => {
  const origin = new URL(document.currentScript.src).origin;
  const callbacks = { success: "onSuccess", pending: "onPending", error: "onError" };
  let open = null; // { frame, box, options, last, embedded }

  function pageUrl(token) {
    return `${origin}/snap/v3/redirection/${encodeURIComponent(token)}?embed=1`;
  }

  function makeFrame(token) {
    const frame = document.createElement("iframe");
    frame.src = pageUrl(token);
    frame.title = "Pembayaran (simulator)";
    frame.style.cssText = "width:100%;height:100%;border:0;display:block;background:#fff";
    return frame;
  }

  function makePopup(frame) {
    const box = document.createElement("div");
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-modal", "true");
    box.setAttribute("aria-label", "Pembayaran");
    box.style.cssText = "position:fixed;inset:0;z-index:2147483000;background:rgba(14,21,38,.6);display:grid;place-items:center";
    const inner = document.createElement("div");
    inner.style.cssText = "width:min(30rem,100vw);height:min(46rem,100dvh);border-radius:12px;overflow:hidden;display:grid;grid-template-rows:auto 1fr;background:#14213d";
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Tutup";
    close.style.cssText = "justify-self:end;min-height:44px;border:0;padding:0 16px;background:none;color:#fff;font:600 15px system-ui,sans-serif;cursor:pointer";
    close.addEventListener("click", leave);
    inner.append(close, frame);
    box.append(inner);
    return box;
  }

  function remove() {
    const closed = open;
    open = null;
    if (closed) {
      closed.box.remove();
    }
    return closed;
  }

  // Closed by the customer: a chosen method is "pending", nothing chosen is "close".
  function leave() {
    const closed = remove();
    if (!closed) {
      return;
    }
    if (closed.last && closed.last.event === "pending") {
      report(closed.options, "pending", closed.last.result);
    } else if (closed.options.onClose) {
      closed.options.onClose();
    }
  }

  function report(options, event, result) {
    const callback = options[callbacks[event]];
    if (callback) {
      callback(result);
    } else if (event !== "error" && result.finish_redirect_url) {
      window.location.assign(result.finish_redirect_url);
    }
  }

  window.addEventListener("message", (message) => {
    const ours = open && message.origin === origin && message.source === open.frame.contentWindow;
    if (!ours || !message.data || message.data.source !== "midtrans-simulator") {
      return;
    }
    const { event, result } = message.data;
    if (event === "close") {
      leave();
    } else if (event === "pending") {
      open.last = { event, result };
    } else if (event in callbacks) {
      report(remove().options, event, result);
    }
  });

  function start(token, options, place) {
    if (open) {
      throw new Error("snap: a payment is already open");
    }
    const frame = makeFrame(token);
    const box = place ? frame : makePopup(frame);
    open = { frame, box, options: options || {}, last: null };
    (place || document.body).append(box);
  }

  window.snap = {
    pay: (token, options) => start(token, options, null),
    embed(token, options) {
      const place = document.getElementById(options.embedId);
      if (!place) {
        throw new Error(`snap: no element with id ${options.embedId}`);
      }
      start(token, options, place);
    },
    show() {
      if (open) {
        open.box.hidden = false;
        open.box.style.display = "grid";
      }
    },
    hide() {
      if (open) {
        leave();
      }
    },
  };
})();

"""An S3 that answers over HTTP on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def server() -> Iterator[str]:
    """Yield its address while the block lasts."""
    from moto.server import ThreadedMotoServer  # takes a second, which most sessions need not spend

    found = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    try:
        host, port = found.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        found.stop()


@contextmanager
def a_bucket() -> Iterator[dict[str, str]]:
    """Yield the variables that name a bucket of a server of its own."""
    with server() as url:
        yield make_bucket(url, "toko-sendiri")


def make_bucket(url: str, name: str) -> dict[str, str]:
    """Make a bucket; return the variables that name it."""
    import boto3

    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "s3cr3t", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket=name)
    return {
        "BACKUP_S3_BUCKET": name,
        "BACKUP_S3_ENDPOINT_URL": url,
        "BACKUP_S3_REGION": keys["region_name"],
        "BACKUP_S3_ACCESS_KEY_ID": keys["aws_access_key_id"],
        "BACKUP_S3_SECRET_ACCESS_KEY": keys["aws_secret_access_key"],
    }

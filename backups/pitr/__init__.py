"""Point-in-time recovery: a WAL archive, base backups, and the way back to any moment between the two.

``segments`` and ``windows`` are arithmetic, ``archive`` is the folder, ``server`` asks the live server, ``bases`` and
``taking`` make base backups, ``checking`` says what can be recovered, ``scratch`` runs a cluster beside the live one,
``restoring`` and ``drilling`` use it. The live data folder is never touched.
"""

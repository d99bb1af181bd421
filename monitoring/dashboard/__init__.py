"""The staff's "Pemantauan" page: the shop at a glance, each section only for those who may see what it shows."""

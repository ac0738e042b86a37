"""Parts of the web server die while it serves, one after another, and every answer is compared: `make chaos`, and in
short tests/test_chaos.py. chaos/README.md tells what is counted as what."""

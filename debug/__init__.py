"""Looking inside a built system: from a fault's lines to the source (explain), and with gdb (session, pds)."""

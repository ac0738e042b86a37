$(eval $(call program,net_liar,tests/systems/net/liar.c,serial))
$(eval $(call system,net_isolation,tests/systems/net/net_isolation.py))

# tests/tls.mk: tls and keys, without a network.

$(eval $(call program,tls_probe,tests/systems/tls/probe.c,serial timer))
$(eval $(call system,tls_probe,tests/systems/tls/tls_probe.py))

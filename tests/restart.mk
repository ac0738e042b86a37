# tests/restart.mk: who dies comes back, and nobody else notices.

$(eval $(call program,restart_killer,tests/systems/restart/killer.c,net_client serial timer))
$(eval $(call program,restart_spinner,tests/systems/restart/spinner.c))
$(eval $(call system,restarts,tests/systems/restart/restarts.py))
$(eval $(call system,site_restarts,tests/systems/restart/site_restarts.py))

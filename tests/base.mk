# tests/base.mk: a system of serial, timer and lib alone.

$(eval $(call program,base_talker,tests/systems/base/talker.c,serial))
$(eval $(call program,base_keeper,tests/systems/base/keeper.c,serial timer))
$(eval $(call program,base_worker,tests/systems/base/worker.c,serial timer))
$(eval $(call program,base_console,tests/systems/base/console.c,serial))
$(eval $(call program,base_asserter,tests/systems/base/asserter.c,serial))
$(eval $(call program,base_supervisor,tests/systems/base/supervisor.c,serial))
$(eval $(call program,base_phoenix,tests/systems/base/phoenix.c,serial,-Wno-infinite-recursion))
$(eval $(call system,base,tests/systems/base/base.py))

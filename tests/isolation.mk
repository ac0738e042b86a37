# tests/isolation.mk: hostile protection domains; tests/test_isolation.py boots them and reads the console.

$(eval $(call program,isolation_bystander,tests/isolation/bystander.c))
$(eval $(call program,isolation_worker,tests/isolation/worker.c))
$(eval $(call program,isolation_conductor,tests/isolation/conductor.c))
# Its attempts are what a compiler would warn of.
$(eval $(call program,isolation_hostile,tests/isolation/hostile.c,,-Wno-infinite-recursion -Wno-unknown-warning-option))
$(eval $(call system,isolation,tests/isolation/isolation.py))

# Budgets: who gets how much of the processor.
$(eval $(call program,isolation_burner,tests/isolation/burner.c))
$(eval $(call program,isolation_meter,tests/isolation/meter.c))
$(eval $(call system,isolation_shares,tests/isolation/isolation_shares.py))

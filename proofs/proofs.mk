# proofs/proofs.mk: make prove, make prove-mutations (docs/proofs.md). What cannot run here is skipped by name.

PROVE = $(PYTHON) proofs/prove.py --programs $(CACHE_DIR)/programs

.PHONY: prove prove-mutations
prove prove-mutations: $(CACHE_DIR)/packages.test
	@$(PROVE) $(if $(filter prove-mutations,$@),--mutations)

# tests/http_cache.mk: the file cache on the host, against a file server that the tests play.

HTTP_CACHE_TEST := $(HTTP_CACHE) tests/unit/fake_files.c $(FAKE_PD)

$(eval $(call host_test,http_cache,tests/unit/http_cache.c tests/unit/http_cache_cases.c $(HTTP_CACHE_TEST),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS)))
$(eval $(call host_test,http_cache_memory,tests/unit/http_cache_memory.c tests/unit/http_cache_cases.c \
    $(HTTP_CACHE_TEST),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS)))
$(eval $(call host_test,http_cache_soak,tests/unit/http_cache_soak.c $(HTTP_CACHE_TEST),$(FAKE_PD_CFLAGS) $(IP_CFLAGS)))
$(eval $(call host_test,http_cache_names,tests/unit/http_cache_names.c tests/unit/http_cache_cases.c $(HTTP_CACHE_TEST),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS)))

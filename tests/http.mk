# tests/http.mk: the front and a file service that lies.

$(eval $(call program,http_liar,tests/systems/http/liar.c,serial))
$(eval $(call system,http_liar,tests/systems/http/http_liar.py))

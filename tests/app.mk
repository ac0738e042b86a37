# tests/app.mk: the front and an application that lies.

$(eval $(call program,app_liar,tests/systems/app/liar.c tests/systems/app/lies.c,serial timer))
$(eval $(call system,app_liar,tests/systems/app/app_liar.py,$(WEBSITE_FILES)))

# tests/front.mk: the native front with an application in C.

$(eval $(call program,front_app,tests/systems/front/app.c $(HTTP_APP_CLIENT),timer))
$(eval $(call system,front,tests/systems/front/front.py))

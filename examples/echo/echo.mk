$(eval $(call program,echo,examples/echo/echo.c,ip serial,$(IP_CFLAGS)))
$(eval $(call system,echo,examples/echo/echo.py))

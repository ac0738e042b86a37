# hello.mk: two protection domains that call and notify each other.

$(eval $(call program,hello_adder,examples/hello/adder.c,serial,))
$(eval $(call program,hello_greeter,examples/hello/greeter.c,serial,))
$(eval $(call system,hello,examples/hello/hello.py))

# hello.mk: the smallest system there is.

$(eval $(call program,hello_adder,examples/hello/adder.c,,))
$(eval $(call program,hello_greeter,examples/hello/greeter.c,,))
$(eval $(call system,hello,examples/hello/hello.py))

$(eval $(call program,net_liar,tests/systems/net/liar.c,serial))
$(eval $(call system,net_isolation,tests/systems/net/net_isolation.py))

# lwIP, net/ip and the echo service natively. lwIP reads unaligned words by design; the address sanitizer is what
# matters here.
IP_STORM := lib/random/random.c entropy/client.c $(filter-out %.S,$(addprefix net/ip/,ip.c netif.c turns.c acks.c timers.c lease.c tcp_hooks.c window.c tso.c random.c checksum.c \
    checksum_blocks.c sums.c)) net/client.c timer/client.c examples/echo/echo.c $(LWIP_SOURCES) $(LWIP)/src/core/memp.c
$(eval $(call host_test,net_ip_storm,tests/unit/net_ip_storm.c tests/unit/wire.c $(IP_STORM) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -DSENDS_LARGE=1 -fno-sanitize=undefined $(FOREIGN)))

WIRE_STACK := tests/unit/wire_stack.c tests/unit/wire.c

# The same without the echo service: streams through large segments.
NET_TSO := $(addprefix tests/unit/,$(addprefix net_ip_tso,.c _program.c _peer.c _device.c) wire.c) \
    $(filter-out examples/echo/%,$(IP_STORM))
$(eval $(call host_test,net_ip_tso,$(NET_TSO) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# And more connections than transmit slots.
NET_SLOTS := tests/unit/net_ip_slots.c $(WIRE_STACK) $(filter-out examples/echo/%,$(IP_STORM))
$(eval $(call host_test,net_ip_slots,$(NET_SLOTS) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# And handshakes that nobody finishes.
NET_FLOOD := tests/unit/net_ip_flood.c $(WIRE_STACK) $(filter-out examples/echo/%,$(IP_STORM))
$(eval $(call host_test,net_ip_flood,$(NET_FLOOD) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# And leases that end.
NET_DHCP := tests/unit/net_ip_dhcp.c $(WIRE_STACK) $(filter-out examples/echo/%,$(IP_STORM))
$(eval $(call host_test,net_ip_dhcp,$(NET_DHCP) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# The time of day, with lwIP's client.
NET_TIME := tests/unit/net_ip_time.c $(WIRE_STACK) $(filter-out examples/echo/%,$(IP_STORM)) net/ip/time_of_day.c $(LWIP_SNTP)
$(eval $(call host_test,net_ip_time,$(NET_TIME) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# And peers that hold memory: with net/ip's own.
NET_PACKETS := tests/unit/net_ip_packets.c $(filter-out examples/echo/% %/memp.c,$(IP_STORM)) \
    net/ip/memory.c net/ip/pools.c
$(eval $(call host_test,net_ip_packets,$(NET_PACKETS) $(WIRE_STACK) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DWIRE_WITHOUT_MEMORY=1 -fno-sanitize=undefined $(FOREIGN)))

# And more of them that upload than there is room for.
NET_WINDOW := tests/unit/net_ip_window.c $(filter-out examples/echo/% %/memp.c,$(IP_STORM)) \
    net/ip/memory.c net/ip/pools.c
$(eval $(call host_test,net_ip_window,$(NET_WINDOW) $(WIRE_STACK) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DWIRE_WITHOUT_MEMORY=1 -fno-sanitize=undefined $(FOREIGN)))

$(eval $(call host_test,net_ip_memory,tests/unit/net_ip_memory.c net/ip/memory.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS)))

# net/ip/ip.mk: lwIP, unmodified, and what stands around it. core/timeouts.c and core/memp.c
# are left out: timers.c and pools.c are in their places.

IP_CFLAGS := -Inet/ip -isystem $(LWIP)/src/include

LWIP_OFTEN := $(addprefix $(LWIP)/src/,$(addprefix core/,def.c inet_chksum.c ip.c mem.c netif.c pbuf.c \
    stats.c sys.c tcp.c tcp_in.c tcp_out.c udp.c ipv4/etharp.c ipv4/icmp.c ipv4/ip4.c ipv4/ip4_addr.c) \
    netif/ethernet.c)
LWIP_SELDOM := $(addprefix $(LWIP)/src/core/,init.c dns.c ipv4/dhcp.c ipv4/ip4_frag.c)
LWIP_SOURCES := $(LWIP_OFTEN) $(LWIP_SELDOM)

$(eval $(call library,lwip,$(LWIP_OFTEN),lwip_seldom,$(IP_CFLAGS) $(FOREIGN)))
$(eval $(call library,lwip_seldom,$(LWIP_SELDOM),,$(IP_CFLAGS) $(FOREIGN) -Os)) # what no request runs
$(eval $(call library,ip,$(addprefix net/ip/,ip.c netif.c turns.c acks.c timers.c lease.c tcp_hooks.c window.c tso.c again.c memory.c pools.c random.c checksum.c checksum_blocks.S sums.c),lwip net_client timer entropy,\
    $(IP_CFLAGS)))

# Who keeps the time of day links these, too.
LWIP_SNTP := $(LWIP)/src/apps/sntp/sntp.c
$(eval $(call library,lwip_sntp,$(LWIP_SNTP),lwip,$(IP_CFLAGS) $(FOREIGN)))
$(eval $(call library,ip_time,net/ip/time_of_day.c,ip lwip_sntp timer,$(IP_CFLAGS)))

$(eval $(call host_test,net_ip_checksum,tests/unit/net_ip_checksum.c net/ip/checksum.c net/ip/checksum_blocks.c))
$(eval $(call host_test,net_ip_acks,tests/unit/net_ip_acks.c net/ip/acks.c))
$(eval $(call host_test,net_ip_sums,tests/unit/net_ip_sums.c net/ip/sums.c net/ip/checksum.c \
    net/ip/checksum_blocks.c,$(IP_CFLAGS)))

/* net/ip/time_of_day.h: what the time of day is, from the board's clock, or from an NTP server (SNTP: RFC 4330, lwIP's
 * client). For one PD of a system, which tells the others by a word of memory (lib/pd.h).
 *
 * A server that the description names is asked, with or without a clock; until it has answered the clock's time is good.
 * Those that DHCP names (option 42) are asked where there is no clock. Once an hour, less often while nobody answers.
 *
 * Nobody signs what an NTP server says: who is on the way to it, or is it, says what time it is.
 */
#ifndef NET_IP_TIME_OF_DAY_H
#define NET_IP_TIME_OF_DAY_H

#include <stdint.h>

#define IP_TIME_SERVER_MAX 64 /* bytes of its name, with the end */

struct ip_time_config {
    const volatile uint32_t *clock;  /* PL031 data register: seconds since 1970; NULL: none */
    char server[IP_TIME_SERVER_MAX]; /* an address or a name; "": the description names none */
    uint16_t port;
    uint64_t *word; /* for the others */
};

/* Call it after ip_init(). `told` is called when it is known where the time comes from, at first and when that changes:
 * "the board's clock", "NTP server time.example"; NULL: from nowhere, nobody is there to be asked. */
void ip_time_init(const struct ip_time_config *config, void (*told)(const char *from));

/* -- lwIP's client -- */
uint16_t ip_time_port(void);
void ip_time_stamp(int32_t *seconds, uint32_t *fraction);
void ip_time_told(int32_t seconds, uint32_t fraction);

#endif

/* lib/pd/clock.h: the counter's frequency is found out before anybody asks for the time. */
#ifndef LIB_PD_CLOCK_H
#define LIB_PD_CLOCK_H

/* At each start, when memory is as new. */
void pd_clock_begin(void);

#endif

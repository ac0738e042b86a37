/* http/front/described.h: the site as the description has it, beneath what the application adds. */
#ifndef HTTP_FRONT_DESCRIBED_H
#define HTTP_FRONT_DESCRIBED_H

#include "http/config.h"

void described_init(const struct http_config *config); /* and mounts it */
void described_mount_alone(void);                      /* no mount of an application's is left */
uint32_t described_count(void);                        /* of its mounts */
bool described_has(const char *name);

#endif

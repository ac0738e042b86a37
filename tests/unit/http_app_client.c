#define HTTP_APP_CLIENT_END
#include "tests/unit/http_app_ends.h"

#include "http/app_client.c"

void client_link_restart(void);
void client_restart(void);

/* As its program does that begins anew. */
void client_restart(void)
{
    client_link_restart();
    open_control();
}

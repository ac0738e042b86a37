#define HTTP_APP_CLIENT_END
#include "tests/unit/http_app_ends.h"

#include "http/app_link.c"

void client_link_restart(void);
bool client_link_say(const struct app_message *message);

void client_link_restart(void)
{
    ring_attach_producer(&self.to, &self.config->to, sizeof(struct app_message));
    ring_attach_consumer(&self.from, &self.config->from, sizeof(struct app_message));
    forget_all();
    pd_notify_later(self.config->peer);
    receive(NULL);
}

/* Any message at all. */
bool client_link_say(const struct app_message *message)
{
    return ring_put(&self.to, message);
}

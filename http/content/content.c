/* content.c: what those who answer keep of a connection: how a file that was found is let go.
 *   serves    all contents, and who decides what a request gets, when a request or its connection ends
 */
#include "http/content/content.h"

void content_drop_file(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    cache_cancel(&c->waiter);
    if (state->resource) {
        site_release(state->resource);
        state->resource = NULL;
    }
}

void content_drop_changed_file(struct http_conn *c)
{
    const struct site_resource *resource = content_of(c)->resource;
    if (resource && resource->file->fresh_until_ns == 0) {
        content_drop_file(c);
    }
}

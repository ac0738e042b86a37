#define HTTP_APP_CLIENT_END
#include "tests/unit/http_app_ends.h"

#include "http/app_client.c"

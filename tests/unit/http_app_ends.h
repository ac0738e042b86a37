/* http_app_ends.h: both ends of http/app_proto.h in one program: the link is compiled twice, with the client's names
 * changed.
 */
#ifdef HTTP_APP_CLIENT_END
#define app_link_init client_link_init
#define app_link_slot client_link_slot
#define app_link_take client_link_take
#define app_link_free client_link_free
#define app_link_owe client_link_owe
#define app_link_enough client_link_enough
#define app_link_counts client_link_counts
#define app_pool_take client_pool_take
#define app_pool_give_back client_pool_give_back
#define app_circle_room client_circle_room
#define app_circle_produce client_circle_produce
#define app_circle_write client_circle_write
#define app_circle_bytes client_circle_bytes
#define app_circle_take client_circle_take
#define app_circle_open client_circle_open
#define app_circle_follow client_circle_follow
#define app_circle_given_back client_circle_given_back
#endif

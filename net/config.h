/* net/config.h: the configuration of each part of the network service; compose/net.py writes the values. */
#ifndef NET_CONFIG_H
#define NET_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/region.h"
#include "lib/ring.h"
#include "net/proto.h"

struct net_driver_config {
    volatile void *registers; /* the device's first register */
    uint8_t irq;              /* channels */
    uint8_t rx_virt, tx_virt;
    struct region descriptors;             /* DMA memory for the device's own rings */
    struct net_device *device;             /* for the clients */
    struct ring_config rx_free, rx_filled; /* we consume free, produce filled */
    struct ring_config tx_filled, tx_free; /* we consume filled, produce free */
};
extern const struct net_driver_config net_driver_config;

struct net_virt_rx_config {
    uint8_t driver;        /* channel */
    bool coherent;         /* the device's writes are seen through our cache;
                                false: lines are invalidated before a read */
    struct region dma;     /* the driver's receive buffers, read only here */
    uint32_t buffer_count; /* of NET_BUFFER_SIZE each, from the region's start */
    struct ring_config driver_free, driver_filled;
    uint8_t client_count;
    struct {
        uint8_t mac[6];
        uint8_t channel;
        struct region buffers;                  /* the client's receive region */
        struct ring_config free, small, filled; /* small: empty buffers of NET_BUFFER_SMALL; capacity 0: it has none */
    } clients[NET_CLIENTS_MAX];
};
extern const struct net_virt_rx_config net_virt_rx_config;

struct net_virt_tx_config {
    uint8_t driver; /* channel */
    bool coherent;  /* the device reads through our cache; false: lines are cleaned before it reads */
    const struct net_device *device;
    struct ring_config driver_filled, driver_free;
    uint8_t client_count;
    struct {
        uint8_t mac[6]; /* the only source address that this client's frames may carry */
        uint8_t channel;
        uint8_t region_count;
        struct region regions[NET_REGIONS_MAX]; /* base is NULL where not mapped: only [0] is,
                                                   unless caches must be cleaned */
        struct ring_config filled, free;
    } clients[NET_CLIENTS_MAX];
};
extern const struct net_virt_tx_config net_virt_tx_config;

struct net_client_config {
    uint8_t mac[6];
    uint8_t rx_channel, tx_channel;
    struct region rx_buffers; /* the small ones behind the others */
    uint32_t rx_buffer_count; /* of NET_BUFFER_SIZE each; with the small ones at most NET_CLIENT_BUFFERS_MAX */
    uint32_t rx_small_count;  /* of NET_BUFFER_SMALL each */
    const struct net_device *device;
    uint8_t region_count;
    struct region regions[NET_REGIONS_MAX]; /* [0]: slots of NET_BUFFER_SIZE for headers and copied data */
    struct ring_config rx_free, rx_small, rx_filled, tx_filled, tx_free;
};
extern const struct net_client_config net_client_config;

#endif

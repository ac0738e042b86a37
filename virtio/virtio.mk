# virtio/virtio.mk: what drivers of virtio devices have in common.

VIRTIO := virtio/device.c virtio/virtq.c
$(eval $(call library,virtio,$(VIRTIO),,$(WITHOUT_FP)))

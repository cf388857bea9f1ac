/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bio.c - OpenSSL's view of our ciphertext ports: a lent span to read, a ring to write */
#include "gateway/tls/bio.h"

#include <pthread.h>

static void remember_first(struct ports *p, struct span s)
{
	size_t n = PORTS_FIRST - p->first_len;

	if (n > s.len)
		n = s.len;
	memcpy(p->first + p->first_len, s.ptr, n);
	p->first_len += n;
}

static int ports_read(BIO *bio, char *buf, size_t size, size_t *done)
{
	struct ports *p = BIO_get_data(bio);
	struct span got;

	BIO_clear_retry_flags(bio);
	*done = 0;
	if (!p->in || p->in->len == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	got = span_head(*p->in, size);
	memcpy(buf, got.ptr, got.len);
	if (p->first_len < PORTS_FIRST)
		remember_first(p, got);
	*p->in = span_skip(*p->in, got.len);
	p->taken += got.len;
	*done = got.len;
	return 1;
}

static int ports_write(BIO *bio, const char *buf, size_t size, size_t *done)
{
	struct ports *p = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*done = 0;
	if (!ring_push(p->out, span_of(buf, size))) {
		/* as much as fits: a handshake flight may be larger than a small ring */
		size_t len;
		uint8_t *at = ring_space(p->out, size, &len);

		if (!at) {
			BIO_set_retry_write(bio);
			return 0;
		}
		memcpy(at, buf, len);
		ring_extend(p->out, len);
		size = len;
	}
	*done = size;
	return 1;
}

static long ports_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO_METHOD *method;

static void method_make(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "attls ports");
	if (!method)
		return;
	BIO_meth_set_read_ex(method, ports_read);
	BIO_meth_set_write_ex(method, ports_write);
	BIO_meth_set_ctrl(method, ports_ctrl);
}

BIO *ports_bio(struct ports *p)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *bio;

	pthread_once(&once, method_make);
	bio = method ? BIO_new(method) : NULL;
	if (!bio)
		return NULL;
	BIO_set_data(bio, p);
	BIO_set_init(bio, 1);
	return bio;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcb_buffer.c - buffers that grow with what the path carries, and give back what they held */
#include "test_tcb.h"

#include "gateway/tcp/internal.h"
#include "unit.h"

enum { MEGABYTE = 1 << 20, PIPE = 4096 };

#define ONE_WAY (25 * USEC_MSEC)

/* Segments on their way, in order; payloads are not carried, only their length. */
struct pipe {
	struct segment seg[PIPE];
	usec_t at[PIPE];
	unsigned head, tail;
};

struct path {
	struct tcb end[2];
	struct pipe to[2]; /* to[i] leads to end[i] */
	struct budget budget;
	usec_t now;
	uint64_t read;
};

static uint8_t zeros[65536];

static void put(struct pipe *p, const struct segment *seg, usec_t at)
{
	struct segment *s = &p->seg[p->tail % PIPE];

	assert_true(p->tail - p->head < PIPE);
	*s = *seg;
	s->payload[0] = span_of(zeros, segment_payload_len(seg));
	s->payload[1] = span_none();
	p->at[p->tail++ % PIPE] = at;
}

static usec_t pipe_next(const struct pipe *p)
{
	return p->head == p->tail ? USEC_NEVER : p->at[p->head % PIPE];
}

/* The application of end 0 writes what it may, that of end 1 reads all; then both ends speak. */
static void turn(struct path *p)
{
	struct ring *out = tcb_outbox(&p->end[0]);
	struct segment seg;
	size_t n;

	while ((n = ring_room(out)) > 0)
		assert_true(ring_push(out, span_of(zeros, n < sizeof(zeros) ? n : sizeof(zeros))));
	while ((n = tcb_peek(&p->end[1]).len) > 0) {
		tcb_consume(&p->end[1], n);
		p->read += n;
	}
	for (int i = 0; i < 2; i++)
		while (tcb_output(&p->end[i], p->now, &seg))
			put(&p->to[!i], &seg, p->now + ONE_WAY);
}

static void run(struct path *p, usec_t until)
{
	while (p->now < until) {
		usec_t next = until;

		turn(p);
		for (int i = 0; i < 2; i++) {
			next = usec_min(next, tcb_deadline(&p->end[i]));
			next = usec_min(next, pipe_next(&p->to[i]));
		}
		p->now = usec_max(p->now, next);
		for (int i = 0; i < 2; i++)
			for (; pipe_next(&p->to[i]) <= p->now; p->to[i].head++)
				tcb_input(&p->end[i], &p->to[i].seg[p->to[i].head % PIPE], p->now);
	}
}

static struct path *path_new(size_t buffer, size_t memory)
{
	struct path *p = test_calloc(1, sizeof(*p));

	p->now = 100 * USEC_SEC;
	p->budget.limit = memory;
	for (int i = 0; i < 2; i++) {
		struct tcb_params params = rig_params();

		params.mss = 1460;
		params.iss = i ? RIG_IRS : RIG_ISS;
		params.irs = i ? RIG_ISS : RIG_IRS;
		params.snd_wscale = params.rcv_wscale = 7;
		params.rcv_limit = params.snd_limit = buffer;
		params.budget = &p->budget;
		tcb_init(&p->end[i], &params, p->now);
	}
	return p;
}

static void path_free(struct path *p)
{
	for (int i = 0; i < 2; i++)
		tcb_fini(&p->end[i]);
	assert_int_equal(p->budget.used, 0);
	test_free(p);
}

/* 1 Gbit/s times 50 ms is 6.25 MB: that much arrives in each round trip once slow start is over. */
static void long_fat_path_is_filled(void **state)
{
	struct path *p = path_new(6 * MEGABYTE, SIZE_MAX);
	uint64_t before;

	(void)state;
	run(p, p->now + USEC_SEC);
	before = p->read;
	run(p, p->now + USEC_SEC);
	assert_true(p->read - before >= 120 * 1000 * 1000);
	path_free(p);
}

static void buffers_begin_small(void **state)
{
	struct path *p = path_new(6 * MEGABYTE, SIZE_MAX);

	(void)state;
	assert_int_equal(ring_room(tcb_outbox(&p->end[0])), TCB_BUFFER_START);
	assert_int_equal(p->end[1].rcv_limit, TCB_BUFFER_START);
	assert_int_equal(p->budget.used, 0);
	path_free(p);
}

/* The bound of one connection is the same for each of its buffers, whatever the path could do. */
static void buffers_never_outgrow_their_limit(void **state)
{
	struct path *p = path_new(MEGABYTE, SIZE_MAX);

	(void)state;
	run(p, p->now + 2 * USEC_SEC);
	assert_true(ring_len(tcb_outbox(&p->end[0])) <= MEGABYTE);
	assert_int_equal(p->end[1].rcv_limit, MEGABYTE);
	path_free(p);
}

/* With most of the common memory gone both ends go back to where they began, and go on. */
static void short_memory_makes_buffers_small_again(void **state)
{
	struct path *p = path_new(6 * MEGABYTE, 64 * MEGABYTE);
	uint64_t before;

	(void)state;
	run(p, p->now + USEC_SEC);
	assert_true(p->end[1].rcv_limit > MEGABYTE);
	p->budget.limit = 9 * MEGABYTE; /* the outbox alone holds 8 */
	run(p, p->now + USEC_SEC);
	assert_int_equal(p->end[1].rcv_limit, TCB_BUFFER_START);
	assert_true(ring_len(tcb_outbox(&p->end[0])) <= TCB_BUFFER_START);
	before = p->read;
	run(p, p->now + USEC_SEC);
	assert_true(p->read > before);
	path_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_fat_path_is_filled),
		cmocka_unit_test(buffers_begin_small),
		cmocka_unit_test(buffers_never_outgrow_their_limit),
		cmocka_unit_test(short_memory_makes_buffers_small_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links.c - a change in every ring that holds a certificate */
#include "keyring/cli/links.h"

#include <stdlib.h>
#include <string.h>

#include "keyring/heap.h"

void link_drop(struct ring_refs *refs, struct ring_ref *ref, const struct cert *to)
{
	(void)to;
	refs_drop(refs, ref);
}

/* Where @to is connected already, its connection takes over the default. */
void link_rename(struct ring_refs *refs, struct ring_ref *ref, const struct cert *to)
{
	struct ring_ref *there = refs_find(refs, to->owner, to->label);

	if (there) {
		there->is_default = there->is_default || ref->is_default;
		refs_drop(refs, ref);
		return;
	}
	free(ref->owner);
	free(ref->label);
	ref->owner = heap_copy(to->owner);
	ref->label = heap_copy(to->label);
}

void link_rollover(struct ring_refs *refs, struct ring_ref *ref, const struct cert *to)
{
	struct ring_ref fresh = {.owner = to->owner, .label = to->label, .usage = ref->usage};

	if (ref->usage == CERT_PERSONAL)
		link_rename(refs, ref, to);
	else if (!refs_find(refs, to->owner, to->label))
		refs_add(refs, &fresh);
}

static bool change_ring(const struct desk *d, const struct keyring *r, const struct cert_id *from,
	link_fn *change, const struct cert *to, struct err_list *err)
{
	struct ring_refs refs = {0};
	struct ring_ref *ref;
	size_t before = err->count;
	bool good;

	ringfile_read(&refs, r->path, r->owner, err);
	good = err->count == before;
	ref = refs_find(&refs, from->owner, from->label);
	if (good && ref) {
		change(&refs, ref, to);
		good = store_write_ring(d->store, r->owner, r->name, &refs, err);
	}
	refs_free(&refs);
	return good;
}

bool links_change(const struct desk *d, const struct cert_id *from, link_fn *change,
	const struct cert *to, struct err_list *err)
{
	const struct cert *c = keystore_cert(d->keys, from->owner, from->label);
	const struct keyring *r;
	bool good = true;

	/* the ring of a certificate that is broken does not show it, so its file must tell */
	for (size_t i = 0; good && (r = keystore_ring_at(d->keys, i)); i++) {
		if (!c || keyring_has(r, c))
			good = change_ring(d, r, from, change, to, err);
	}
	return good;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unit.h - what every cmocka program needs, in the order cmocka wants it */
#ifndef ATTLS_TESTS_UNIT_H
#define ATTLS_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif

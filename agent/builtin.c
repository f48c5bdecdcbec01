/* agent/builtin.c - the plugins that were built in.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/builtin.h"

#define INPUT(name)  extern const struct input input_##name;
#define FILTER(name) extern const struct filter filter_##name;
#define OUTPUT(name) extern const struct output output_##name;
#include "agent/builtin_here.def"
#undef INPUT
#undef FILTER
#undef OUTPUT

const struct input *const builtin_inputs[] = {
#define INPUT(name) &input_##name,
#define FILTER(name)
#define OUTPUT(name)
#include "agent/builtin_here.def"
#undef INPUT
#undef FILTER
#undef OUTPUT
    NULL,
};

const struct filter *const builtin_filters[] = {
#define INPUT(name)
#define FILTER(name) &filter_##name,
#define OUTPUT(name)
#include "agent/builtin_here.def"
#undef INPUT
#undef FILTER
#undef OUTPUT
    NULL,
};

const struct output *const builtin_outputs[] = {
#define INPUT(name)
#define FILTER(name)
#define OUTPUT(name) &output_##name,
#include "agent/builtin_here.def"
#undef INPUT
#undef FILTER
#undef OUTPUT
    NULL,
};

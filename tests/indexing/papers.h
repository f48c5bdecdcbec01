/* tests/indexing/papers.h - what an errand that prepares begins with, and where its papers stand.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_PAPERS_H
#define WEIR_PAPERS_H

#include "tests/indexing/conversation.h"

#define ELASTIC(version) {"GET /", 200, "{\"version\":{\"number\":\"" version "\"}}"}
#define OPENSEARCH                                                                                 \
    {"GET /", 200, "{\"version\":{\"number\":\"2.19.1\",\"distribution\":\"opensearch\"}}"}
#define TEMPLATES                                                                                  \
    "GET /_index_template?filter_path=index_templates.name,"                                       \
    "index_templates.index_template.index_patterns,index_templates.index_template._meta"
#define UNCOVERED     {TEMPLATES, 200, "{}"}
#define TEMPLATE      "/_index_template/weir-logs-any"
#define TEMPLATE_BACK "{\"index_templates\":[{\"name\":\"weir-logs-any\",\"index_template\":$}]}"
#define ILM           "/_ilm/policy/weir-logs-any"
#define ILM_BACK      "{\"weir-logs-any\":$}"
#define ISM           "/_plugins/_ism/policies/weir-logs-any"
#define WRITES_TEMPLATE                                                                            \
    {"GET " TEMPLATE, 404, "{}"}, {"PUT " TEMPLATE, 200, "{\"acknowledged\":true}"},               \
        {"GET " TEMPLATE, 200, TEMPLATE_BACK},                                                     \
    {                                                                                              \
        "PUT " TEMPLATE, 200, "{\"acknowledged\":true}"                                            \
    }

#define DAY_NS (INT64_C(86400) * 1000000000)

static inline struct indexing stream_for(int64_t retention_ns)
{
    return (struct indexing){.pattern = STR("logs-*"),
                             .name = STR("weir-logs-any"),
                             .is_stream = true,
                             .names = NAMES_ECS,
                             .retention_ns = retention_ns};
}

#endif

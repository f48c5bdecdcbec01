/* tests/group/test_places.c - mirrors agent/group/places.c: members of a simulated group.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/group/places.c"

#include "tests/group/peer.h"

enum { TAKE = 10 };

struct reader { /* a member that takes records as the lane would, and leaves some of them open */
    struct peer peer;
    struct places places;
    const struct consumer *consumer;
    int64_t mono_ns;
};

static void reader_open(struct reader *reader, struct sim_cluster *cluster)
{
    static struct str topic;
    struct broker_plan plan = {.topics = &topic, .topic_count = 1, .group = STR("g")};
    struct why why;
    topic = STR("t");
    places_init(&reader->places, &reader->peer.host, 5000 * MS);
    reader->consumer = cluster->port.consume(cluster, &plan, &why);
    reader->places.consumer = reader->consumer;
}

static void reader_init(struct reader *reader, struct sim_cluster *cluster, uint64_t seed)
{
    *reader = (struct reader){0};
    peer_init(&reader->peer, cluster, seed);
    reader_open(reader, cluster);
}

/* One pass of watch(); commits what the journal has. */
static bool reader_watch(struct reader *reader)
{
    struct broker_event event;
    reader->mono_ns += 600 * MS;
    while (reader->consumer->poll(reader->consumer->self, &event))
        places_hear(&reader->places, &event, reader->mono_ns);
    bool is_leaving = places_step(&reader->places, reader->mono_ns);
    (void)fixture_commit(&reader->peer.fixture);
    return is_leaving;
}

static uint32_t places_of(const struct reader *reader)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < reader->places.count; i++)
        count += reader->places.at[i].stage == PLACE_READING;
    return count;
}

/* Takes what every place has; keeps open each `keep`-th, settles the rest. Returns how many were
 * owed. */
static uint32_t reader_read(struct reader *reader, uint32_t keep)
{
    struct broker_record records[TAKE];
    uint32_t owed = 0;
    for (uint32_t slot = 0; slot < reader->places.count; slot++) {
        struct place *place = &reader->places.at[slot];
        size_t count =
            place->stage == PLACE_READING
                ? reader->consumer->take(reader->consumer->self, slot, records, TAKE, 999)
                : 0;
        for (size_t i = 0; i < count; i++) {
            struct origin origin = {
                .source = place->source, .offset = (uint64_t)records[i].offset, .length = 1};
            struct ledger *ledger = state_ledger(reader->peer.fixture.state);
            CHECK_EQ(origin.offset, place->next);
            source_take(place->source, &origin);
            owed += origin.owed != 0;
            for (uint32_t o = 0; o < 2; o++) {
                ledger->outputs[o].in += origin.fresh >> o & 1;
                ledger->outputs[o].in_flight += origin.owed >> o & 1;
            }
            CHECK(source_hold_open(place->source, &origin));
            for (uint32_t o = 0; o < 2 && keep && origin.offset % keep; o++)
                if (origin.owed >> o & 1)
                    fixture_settle(&origin, o);
            place->next++;
            source_advance(place->source, place->next);
        }
    }
    return owed;
}

static void reader_close(struct reader *reader)
{
    (void)fixture_commit(&reader->peer.fixture);
    places_finish(&reader->places);
    reader->consumer->close(reader->consumer->self);
}

static void cluster_begin(struct sim_cluster *cluster, struct sim_clock *clock, uint64_t seed)
{
    sim_clock_init(clock, seed);
    sim_cluster_init(cluster, clock, seed);
    (void)sim_topic(cluster, "t");
}

static uint32_t read_all(struct reader *reader, uint32_t keep)
{
    uint32_t owed = 0;
    for (int i = 0; i < 200; i++) {
        (void)reader_watch(reader);
        owed += reader_read(reader, keep);
    }
    return owed;
}

static void a_restart_goes_on_from_the_own_journal(void)
{
    struct sim_clock clock;
    struct sim_cluster cluster;
    static struct reader reader;
    cluster_begin(&cluster, &clock, 1);
    store_numbered(&cluster, "t", 400);
    reader_init(&reader, &cluster, 1);
    CHECK_EQ(read_all(&reader, 10), 400);
    uint32_t open = 0;
    for (uint32_t i = 0; i < reader.places.count; i++)
        open += reader.places.at[i].source->open_count;
    CHECK(open > 0 && open < 100);
    sim_cluster_kill(&cluster);
    peer_restart(&reader.peer, &cluster);
    reader_open(&reader, &cluster);
    CHECK_EQ(read_all(&reader, 1), open); /* what was open, and nothing else */
    CHECK(ledger_is_balanced(state_ledger(reader.peer.fixture.state)));
    reader_close(&reader);
    peer_clear(&reader.peer);
    sim_cluster_clear(&cluster);
}

static void the_next_member_gets_what_is_open_and_the_first_forgets_it(void)
{
    struct sim_clock clock;
    struct sim_cluster cluster;
    static struct reader one, two;
    cluster_begin(&cluster, &clock, 2);
    store_numbered(&cluster, "t", 400);
    reader_init(&one, &cluster, 1);
    CHECK_EQ(read_all(&one, 10), 400);
    CHECK_EQ(places_of(&one), SIM_PARTITIONS);
    reader_init(&two, &cluster, 2);
    uint32_t owed = 0;
    for (int i = 0; i < 100; i++) {
        (void)reader_watch(&one);
        (void)reader_watch(&two);
        owed += reader_read(&two, 1);
        CHECK_EQ(reader_read(&one, 1), 0);
    }
    CHECK_EQ(places_of(&one), SIM_PARTITIONS / 2);
    CHECK_EQ(places_of(&two), SIM_PARTITIONS / 2);
    CHECK(owed > 0 && owed <= 40);
    CHECK(ledger_is_balanced(state_ledger(two.peer.fixture.state)));
    reader_close(&one);
    reader_close(&two);
    peer_clear(&one.peer);
    peer_clear(&two.peer);
    sim_cluster_clear(&cluster);
}

static void an_old_journal_gives_way_to_what_another_member_committed(void)
{
    struct sim_clock clock;
    struct sim_cluster cluster;
    static struct reader one, two;
    cluster_begin(&cluster, &clock, 3);
    store_numbered(&cluster, "t", 200);
    reader_init(&one, &cluster, 1);
    CHECK_EQ(read_all(&one, 10), 200);
    sim_cluster_kill(&cluster); /* the first dies; the second reads all that is open and more */
    reader_init(&two, &cluster, 2);
    store_numbered(&cluster, "t", 200);
    CHECK(read_all(&two, 0) >= 200);
    for (uint32_t i = 0; i < two.places.count; i++) { /* everything gets its outcome */
        struct source *source = two.places.at[i].source;
        while (source->open_oldest) {
            uint64_t seq = open_seq(&source->state->open, source->open_oldest);
            (void)source_settle(source, seq, 0);
            (void)source_settle(source, seq, 1);
        }
    }
    (void)reader_watch(&two);
    (void)reader_watch(&two);
    reader_close(&two);
    peer_restart(&one.peer, &cluster);
    reader_open(&one, &cluster);
    CHECK_EQ(read_all(&one, 1), 0);
    CHECK(ledger_is_balanced(state_ledger(one.peer.fixture.state)));
    CHECK_EQ(state_ledger(one.peer.fixture.state)->outputs[0].in_flight, 0);
    reader_close(&one);
    peer_clear(&one.peer);
    peer_clear(&two.peer);
    sim_cluster_clear(&cluster);
}

static void a_commit_that_the_group_refuses_is_made_again_before_the_partition_goes(void)
{
    struct sim_clock clock;
    struct sim_cluster cluster;
    static struct reader one, two;
    cluster_begin(&cluster, &clock, 5);
    cluster.habits.failed_commits = 60;
    store_numbered(&cluster, "t", 400);
    reader_init(&one, &cluster, 1);
    CHECK_EQ(read_all(&one, 1000), 400); /* the first of each partition stays open */
    reader_init(&two, &cluster, 2);
    CHECK_EQ(read_all(&two, 1000), 0); /* nothing is given before the first lets go */
    uint32_t owed = 0;
    for (int i = 0; i < 100; i++) {
        (void)reader_watch(&one);
        (void)reader_watch(&two);
        owed += reader_read(&two, 1000);
    }
    CHECK_EQ(places_of(&two), SIM_PARTITIONS / 2);
    CHECK_EQ(owed, SIM_PARTITIONS / 2); /* the rest had its outcome, and the commits said so */
    reader_close(&one);
    reader_close(&two);
    peer_clear(&one.peer);
    peer_clear(&two.peer);
    sim_cluster_clear(&cluster);
}

static char told[512];

static void keep_line(void *context, const char *line)
{
    (void)context;
    snprintf(told, sizeof told, "%s", line);
}

static void lose_first(struct reader *reader)
{
    struct broker_place place = {.topic = "t", .slot = 1};
    struct broker_event event = {.kind = BROKER_LOST, .places = &place, .count = 1};
    places_hear(&reader->places, &event, reader->mono_ns);
}

static void what_is_given_out_again_after_a_loss_is_told(void)
{
    struct sim_clock clock;
    struct sim_cluster cluster;
    static struct reader reader;
    char words[64];
    cluster_begin(&cluster, &clock, 4);
    store_numbered(&cluster, "t", 100);
    reader_init(&reader, &cluster, 1);
    log_capture(keep_line, NULL);
    while (reader.places.at[1].kept_next == 0) {
        (void)reader_read(&reader, 0);
        (void)reader_watch(&reader);
    }
    store_numbered(&cluster, "t", 100);
    while (reader_read(&reader, 0))
        continue;
    const struct place *place = &reader.places.at[1];
    CHECK(place->next > place->kept_next);
    snprintf(words, sizeof words, "up to %llu records",
             (unsigned long long)(place->next - place->kept_next));
    lose_first(&reader);
    CHECK(strstr(told, words) != NULL);
    log_capture(NULL, NULL);
    reader_close(&reader);
    peer_clear(&reader.peer);
    sim_cluster_clear(&cluster);
}

static void a_partition_that_was_lost_is_left_at_once(void)
{
    struct sim_clock clock;
    struct sim_cluster cluster;
    static struct reader reader;
    cluster_begin(&cluster, &clock, 4);
    store_numbered(&cluster, "t", 100);
    reader_init(&reader, &cluster, 1);
    (void)read_all(&reader, 10);
    struct source *source = reader.places.at[1].source;
    lose_first(&reader);
    CHECK_EQ(reader.places.at[1].stage, PLACE_FREE);
    CHECK(source->is_left && source->is_finished);
    reader_close(&reader);
    peer_clear(&reader.peer);
    sim_cluster_clear(&cluster);
}

CHECK_MAIN(TEST(a_restart_goes_on_from_the_own_journal),
           TEST(the_next_member_gets_what_is_open_and_the_first_forgets_it),
           TEST(an_old_journal_gives_way_to_what_another_member_committed),
           TEST(a_commit_that_the_group_refuses_is_made_again_before_the_partition_goes),
           TEST(a_partition_that_was_lost_is_left_at_once),
           TEST(what_is_given_out_again_after_a_loss_is_told))

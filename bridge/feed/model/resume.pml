// How browsers resume: cursors, replay buffers and resets, while the backend forgets
// old events, calls are lost, and browsers are slow, leave and come back.
//
// Code: bridge/feed/feed.cc bridge/feed/feed_upstream.cc bridge/feed/feed_members.cc
// Code: bridge/feed/feed_history.cc bridge/feed/replay_buffer.cc
// Code: bridge/feed/upstream_session.cc bridge/feed/feed_registry.cc
//
// Events have the numbers 1, 2, ... as their ids. `fault` plants a mistake; check.py
// says which.

#ifndef EVENTS
#define EVENTS 3    // that ever happen
#define FORGOTTEN 2 // of them, by the backend
#define LOSSES 1    // of calls
#define DROPS 1     // of browsers' connections
#define BROWSERS 2
#endif
#define KEPT 1      // in a replay buffer for which nobody waits
#define QUEUE 2     // longest queue of a browser
#define FEEDS (BROWSERS + 1)
#define SEQS (2 * EVENTS + 3)  // that a feed numbers

#define RESET 200   // the event `reset`
#define FOREIGN 100 // an id that no event has

// Names of the invariants, which a failed assertion prints.
bool NoGap, NoDuplicate, NoNeedlessReset, Complete;

byte fault;

mtype = { none, opening, open, away, pending, attached };

// The backend's log.
byte log_end;         // newest event
byte log_oldest = 1;  // oldest event that is kept
byte losses = LOSSES;

typedef Feed {
  mtype state = none;
  bool found;         // by the registry
  byte history[SEQS]; // published, by number
  byte next_seq;
  byte low;           // the oldest number in the replay buffer
  byte first_id;      // the event after which its first call resumed; 0: none
  byte last_id;       // the event after which the next call resumes; 0: none
  bool owed_reset;
  byte resumed_after; // by the current call; 0: it started from the beginning
  byte call;          // the next event that the current call sends; 0: there is no call
  byte late;          // the same of the call before, whose callbacks may still run
  byte catching_up;   // pending subscribers
  byte subscribers;
}
Feed feed[FEEDS];

typedef Browser {
  mtype state = away;
  byte at;            // its feed
  byte pos;           // the next number that it receives
  byte from_seq;      // pending: what is before is copied already
  byte last_event_id; // that it would send; 0: none
  byte last;          // the last event that it received
  bool fresh = true;  // it has no claim to what came before
  bool own_reset;     // begins with a reset
  byte drops = DROPS;
}
Browser browser[BROWSERS];

#define F feed[f]
#define B browser[b]

inline clear_feed(f) {
  F.state = none; F.found = false; F.next_seq = 1; F.low = 1; F.first_id = 0;
  F.last_id = 0; F.owed_reset = false; F.resumed_after = 0; F.call = 0; F.late = 0;
  F.catching_up = 0; F.subscribers = 0;
  i = 0;
  do
  :: i < SEQS -> F.history[i] = 0; i++
  :: else -> break
  od
}

// ReplayBuffer::Trim.
inline trim(f) {
  if
  :: F.next_seq - F.low > KEPT -> F.low = F.next_seq - KEPT
  :: else
  fi
}

// Feed::Publish.
inline publish(f, event) {
  assert(F.next_seq < SEQS);  // a bound of the model
  F.history[F.next_seq] = event;
  F.next_seq++;
  if
  :: event != RESET && fault != 11 -> F.last_id = event
  :: else
  fi;
  if
  :: F.catching_up == 0 -> trim(f)
  // While somebody waits, max_waiting_bytes may be reached or not.
  :: F.catching_up > 0 && F.next_seq - F.low > KEPT -> F.low++
  :: F.catching_up > 0
  fi
}

inline publish_owed_reset(f) {
  if
  :: F.owed_reset -> F.owed_reset = false; publish(f, RESET)
  :: else
  fi
}

// UpstreamSession::Begin.
inline begin_call(f) {
  F.resumed_after = F.last_id;
  if
  :: F.last_id != 0 -> F.call = F.last_id + (fault == 2 -> 0 : 1)
  :: else -> F.call = log_oldest
  fi
}

// Browsers whose feed has ended keep what is in their queue, then come back.
inline end_feed(f) {
  j = 0;
  do
  :: j < BROWSERS ->
     if
     :: browser[j].state == pending && browser[j].at == f -> browser[j].state = away; browser[j].own_reset = false
     :: browser[j].state == attached && browser[j].at == f ->
        do
        :: browser[j].pos < F.next_seq -> receive(j)
        :: else -> break
        od;
        browser[j].state = away
     :: else
     fi;
     j++
  :: else -> break
  od;
  clear_feed(f)
}

// What the browser's EventSource dispatches.
inline receive(b) {
  v = feed[B.at].history[B.pos];
  B.pos++;
  take(b)
}

inline take(b) {
  if
  :: v == RESET ->
     assert(NoNeedlessReset || B.last_event_id == FOREIGN || B.fresh || B.last + 1 < log_oldest);
     B.fresh = true;
     B.last_event_id = 0
  :: else ->
     assert(NoDuplicate || B.fresh || v > B.last);
     assert(NoGap || B.fresh || v <= B.last + 1);
     B.last = v;
     B.last_event_id = v;
     B.fresh = false
  fi
}

// Feed::LeaveOne. Lingering would only keep the feed longer.
inline leave(f) {
  F.subscribers--;
  if
  :: F.subscribers == 0 -> clear_feed(f)
  :: else
  fi
}

inline caught_up(f) {
  F.catching_up--;
  if
  :: F.catching_up == 0 -> trim(f)
  :: else
  fi
}

inline disconnect(b) {
  f = B.at;
  if
  :: B.state == pending -> caught_up(f)
  :: else
  fi;
  B.state = away;
  B.own_reset = false;
  leave(f)
}

inline become_pending(b, f, position) {
  B.state = pending; B.at = f; B.pos = position; B.from_seq = F.next_seq;
  F.catching_up++;
  F.subscribers++
}

inline start_feed(f, id) {
  F.state = opening; F.found = true; F.next_seq = 1; F.low = 1; F.first_id = id; F.last_id = id;
  begin_call(f)
}

// FeedRegistry::JoinOrStart for a first visit: feed 0 is the one from the beginning.
inline join_first(b) {
  if
  :: feed[0].state == none -> start_feed(0, 0)
  :: else
  fi;
  become_pending(b, 0, feed[0].next_seq)
}

// ReplayBuffer::AfterId. Sets i to the number after the event, or to 0.
inline after_id(f, id) {
  i = F.next_seq;
  do
  :: i > F.low && F.history[i - 1] != id -> i--
  :: else -> break
  od;
  if
  :: i > F.low -> i = i + (fault == 3 && i < F.next_seq -> 1 : 0)
  :: i == F.low && F.first_id == id && (F.low == 1 || fault == 12) -> i = F.low
  :: else -> i = 0
  fi
}

// FeedRegistry::Join for a browser that returns. Sets `done` if it found a feed.
inline join_running(b) {
  done = false;
  f = 0;
  do
  :: f < FEEDS && !done ->
     if
     :: F.state != none ->
        after_id(f, B.last_event_id);
        if
        :: i != 0 -> become_pending(b, f, i); done = true
        :: else -> f++
        fi
     :: else -> f++
     fi
  :: else -> break
  od
}

// A feed that resumes at the backend. A running one of the same id that no longer has
// the event continues for its subscribers.
inline join_resumed(b) {
  f = 1;
  do
  :: f < FEEDS && F.state != none -> f++
  :: else -> break
  od;
  assert(f < FEEDS);  // at each moment a browser has one feed at most
  start_feed(f, B.last_event_id);
  become_pending(b, f, 1)
}

active proctype Backend() {
  do
  :: atomic { log_end < EVENTS -> log_end++ }
  :: atomic { log_oldest <= log_end && log_oldest <= FORGOTTEN -> log_oldest++ }
  :: atomic { log_oldest == log_end + 1 || log_oldest > FORGOTTEN -> break }
  od;
  do
  :: atomic { log_end < EVENTS -> log_end++ }
  :: else -> break
  od
}

// The calls and the locked sections of one feed.
proctype Upstream(byte f) {
  byte i, j, v;
end:
  do
  // OUT_OF_RANGE with CURSOR_EXPIRED: Feed::OnCallDone.
  :: atomic { F.state != none && F.call != 0 && F.call < log_oldest ->
       if
       :: F.resumed_after != 0 ->
          F.owed_reset = fault != 6;
          F.last_id = 0;
          F.late = 0;
          begin_call(f)
       :: else -> end_feed(f)
       fi; i = 0; j = 0; v = 0 }
  // Feed::Open.
  :: atomic { (F.state == opening || F.state == away || (F.state == open && F.owed_reset && fault != 13)) &&
       F.call >= log_oldest && F.call != 0 ->
       F.state = open; publish_owed_reset(f) }
  // Feed::OnCallMessage.
  :: atomic { F.state != none && F.call >= log_oldest && F.call <= log_end && F.call != 0 ->
       F.state = open;
       if
       :: fault != 14 -> publish_owed_reset(f)
       :: else
       fi;
       publish(f, F.call);
       publish_owed_reset(f);
       F.call++ }
  // UNAVAILABLE. A callback of the lost call may still be running.
  :: atomic { F.state != none && F.call != 0 && losses > 0 ->
       losses--; F.late = F.call; F.call = 0; F.state = away }
  :: atomic { F.late != 0 ->
       if
       :: fault == 1 && F.state != none && F.late <= log_end -> publish(f, F.late)
       :: else
       fi;
       F.late = 0 }
  // Feed::Reconnect.
  :: atomic { F.state == away && F.call == 0 -> begin_call(f) }
  :: atomic { losses > 0 -> losses = 0 }
  od
}

proctype Client(byte b) {
  byte f, i, v;
  bool done;
end:
  do
  // A request.
  :: atomic { B.state == away ->
       if
       :: B.last_event_id == 0 -> B.fresh = true; join_first(b)
       :: B.last_event_id == FOREIGN ->
          B.own_reset = fault != 7; join_first(b)
       :: else ->
          join_running(b);
          if
          :: !done && fault == 8 -> B.own_reset = true; join_first(b)
          :: !done && fault != 8 -> join_resumed(b)
          :: else
          fi
       fi; f = 0; i = 0; done = false }
  // Joiner::Attach.
  :: atomic { B.state == pending ->
       f = B.at;
       if
       :: B.own_reset -> v = RESET; take(b); B.own_reset = false
       :: else
       fi;
       if
       :: fault == 4 -> B.from_seq = F.next_seq; B.pos = F.next_seq
       :: fault == 5 && F.next_seq > B.from_seq && B.pos > 1 -> B.pos--
       :: else
       fi;
       if
       :: F.low > B.from_seq && fault == 10 ->
          B.pos = F.low; B.state = attached; caught_up(f)
       :: F.low > B.from_seq && fault != 10 ->
          // It fell behind: it gets what was copied, and an error.
          do
          :: B.pos < B.from_seq -> receive(b)
          :: else -> break
          od;
          disconnect(b)
       :: else -> B.state = attached; caught_up(f)
       fi; f = 0; v = 0 }
  :: atomic { B.state == attached && B.pos < feed[B.at].next_seq -> receive(b); v = 0 }
  // The policy for slow clients.
  :: atomic { B.state == attached && feed[B.at].next_seq - B.pos > QUEUE ->
       if
       :: fault == 9 -> B.pos++
       :: else -> disconnect(b)
       fi; f = 0 }
  // The connection is lost, and with it what is in the queue.
  :: atomic { B.state != away && B.drops > 0 -> B.drops--; disconnect(b); f = 0 }
  :: atomic { B.drops > 0 -> B.drops = 0 }
  od
}

init {
  byte b, f, i;
  atomic {
    do
    :: f < FEEDS -> clear_feed(f); run Upstream(f); f++
    :: else -> break
    od;
    // One of them comes with an id from elsewhere.
    browser[BROWSERS - 1].last_event_id = FOREIGN;
    browser[BROWSERS - 1].last = FOREIGN;
    browser[BROWSERS - 1].fresh = false;
    do
    :: b < BROWSERS -> run Client(b); b++
    :: else -> break
    od;
    c_code { now.fault = getenv("FAULT") ? atoi(getenv("FAULT")) : 0; };
    f = 0; i = 0; b = 0
  }
  // Nothing can happen any more: everybody has everything.
  timeout;
  b = 0;
  do
  :: b < BROWSERS ->
     assert(Complete || B.state == attached);
     assert(Complete || B.fresh || B.last == EVENTS);
     b++
  :: else -> break
  od
}

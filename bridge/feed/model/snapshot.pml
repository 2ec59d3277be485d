// What a first visit receives of a stream of current values: the newest value of each
// key, then what changes, while the feed publishes and its replay buffer is too short.
//
// Code: bridge/feed/feed_history.cc bridge/feed/snapshot.cc bridge/feed/feed_members.cc
//
// Values are numbered 1, 2, ... over all keys, in the order in which they are
// published, so they are also the numbers of their events. `fault` plants a mistake;
// check.py says which.

#ifndef VALUES
#define VALUES 5
#endif
#define KEYS 2
#define KEPT 1     // in a replay buffer for which nobody waits

// Names of the invariants, which a failed assertion prints.
bool NoOlderValue, NewestValueArrives, SnapshotBeforeLive;

byte fault;

mtype = { gone, pending, catching_up, live };

// FeedHistory.
byte next_seq = 1;
byte low = 1;               // the oldest number in the replay buffer
byte key_of[VALUES + 1];
byte current[KEYS];         // Snapshot: the newest value of each key; 0: none
byte age_of[KEYS];
byte next_age = 1;

// The subscriber.
mtype state = gone;
byte visits = 2;
byte first[KEYS];           // Join's current values, in the order of their ages
byte from_seq;
byte age, ages_end, seq;    // FeedHistory::Position
byte received[KEYS];        // the newest value that it has
byte at_join[KEYS];         // what there was when it joined
bool more;

// What the browser dispatches.
inline receive(value) {
  k = key_of[value];
  // A value that is current may come twice, if the replay buffer was too short.
  assert(NoOlderValue || value >= received[k]);
  if
  :: value >= from_seq ->
     // It is live: every value of the snapshot has come, or has been replaced.
     assert(SnapshotBeforeLive || at_join[0] == 0 || received[0] != 0 || current[0] != at_join[0]);
     assert(SnapshotBeforeLive || at_join[1] == 0 || received[1] != 0 || current[1] != at_join[1])
  :: else
  fi;
  received[k] = value
}

inline trim() {
  if
  :: next_seq - low > KEPT -> low = next_seq - KEPT
  :: else
  fi
}

inline caught_up() {
  state = live;
  trim()
}

// Snapshot::Add and Feed::Publish, in one locked section.
inline publish(k) {
  key_of[next_seq] = k;
  if
  :: fault == 5 && current[k] != 0
  :: else -> age_of[k] = next_age; next_age++
  fi;
  current[k] = next_seq;
  next_seq++;
  if
  :: state == gone || state == live -> trim()
  // While somebody waits, max_waiting_bytes may be reached or not.
  :: (state == pending || state == catching_up) && next_seq - low > KEPT -> low++
  :: state == pending || state == catching_up
  fi;
  if
  :: state == live -> k = 0; receive(next_seq - 1)
  :: else
  fi
}

// The key whose value has the smallest age in [age, ages_end), or KEYS.
inline next_of_snapshot() {
  k = KEYS;
  i = 0;
  do
  :: i < KEYS ->
     if
     :: current[i] != 0 && age_of[i] >= age && age_of[i] < ages_end ->
        if
        :: k == KEYS -> k = i
        :: k != KEYS && age_of[i] < age_of[k] -> k = i
        :: else
        fi
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

inline receive_current() {
  age = 0; ages_end = next_age;
  do
  :: next_of_snapshot();
     if
     :: k == KEYS -> break
     :: else -> age = age_of[k] + 1; receive(current[k])
     fi
  od
}

// FeedHistory::Next with parts of one event.
inline next_part() {
  next_of_snapshot();
  if
  :: k != KEYS -> age = age_of[k] + 1; receive(current[k]); more = true
  :: k == KEYS && seq >= next_seq -> more = false
  :: k == KEYS && seq < next_seq && low <= seq -> receive(seq); seq++; more = true
  :: k == KEYS && seq < next_seq && low > seq ->
     // The replay buffer no longer reaches back: what has changed since, by age.
     if
     :: fault == 3
     :: else -> ages_end = next_age
     fi;
     if
     :: fault == 4 -> seq = low
     :: else -> seq = next_seq
     fi;
     more = true
  fi
}

active proctype Backend() {
  byte k, i;
end:
  do
  :: atomic { next_seq <= VALUES -> k = 0; publish(k); k = 0; i = 0 }
  :: atomic { next_seq <= VALUES -> k = 1; publish(k); k = 0; i = 0 }
  od
}

active proctype Client() {
  byte k, i;
end:
  do
  // Feed::Join: the position is before the current values.
  :: atomic { state == gone && visits > 0 ->
       visits--;
       received[0] = 0; received[1] = 0;
       at_join[0] = current[0]; at_join[1] = current[1];
       first[0] = 0; first[1] = 0;
       age = 0; ages_end = next_age; seq = next_seq; from_seq = next_seq;
       next_of_snapshot();
       if
       :: k != KEYS ->
          first[0] = current[k]; age = age_of[k] + 1;
          next_of_snapshot();
          if
          :: k != KEYS -> first[1] = current[k]
          :: else
          fi
       :: else
       fi;
       age = 0; k = 0;
       state = pending }
  // Joiner::Attach.
  :: atomic { state == pending ->
       if
       :: fault == 1 -> from_seq = next_seq; seq = next_seq
       :: else
       fi;
       if
       // FeedHistory::Since: the events since the join are kept.
       :: (low <= from_seq || fault == 2) ->
          if
          // They fit into the queue.
          :: if
             :: fault == 6 && seq < next_seq && low <= seq -> receive(seq); seq++
             :: else
             fi;
             if
             :: first[0] != 0 -> receive(first[0])
             :: else
             fi;
             if
             :: first[1] != 0 -> receive(first[1])
             :: else
             fi;
             do
             :: seq < next_seq ->
                if
                :: seq >= low -> receive(seq)
                :: else
                fi;
                seq++
             :: else -> break
             od;
             caught_up()
          // They do not: the loop asks for part after part.
          :: fault != 6 -> state = catching_up
          fi
       :: low > from_seq && fault != 2 && next_age > 1 ->
          if
          :: receive_current(); seq = next_seq; caught_up()
          :: age = 0; ages_end = next_age; seq = next_seq; state = catching_up
          fi
       fi; k = 0; first[0] = 0; first[1] = 0 }
  // Feed::OnWantsMore.
  :: atomic { state == catching_up ->
       next_part();
       if
       :: !more -> caught_up()
       :: else
       fi; k = 0 }
  // It leaves.
  :: atomic { state == live && visits > 0 -> state = gone; trim(); from_seq = 0; seq = 0; age = 0; ages_end = 0 }
  od
}

init {
  atomic { c_code { now.fault = getenv("FAULT") ? atoi(getenv("FAULT")) : 0; } };
  // Nothing can happen any more.
  timeout;
  assert(NewestValueArrives || state == live);
  assert(NewestValueArrives || received[0] == current[0]);
  assert(NewestValueArrives || received[1] == current[1])
}

// One client's stay in a stream with admission: `enter`, renewals and `leave`, while
// the backend refuses, is away or answers late, the client goes at any moment, and the
// bridge may die; and where the client's events begin.
//
// Code: bridge/feed/admission_session.cc bridge/feed/leave_queue.cc
// Code: bridge/feed/admitted_subscriber.h bridge/feed/start_at_subscriber.cc
//
// Events have the numbers 1, 2, ... as their ids. `fault` plants a mistake; check.py
// says which.

#ifndef EVENTS
#define EVENTS 3
#endif
#define RENEWALS 2

// Names of the invariants, which a failed assertion prints.
bool OneCallAtOnce, LeaveAfterEnter, NoFalseLeave, NoGhost, RefusedIsNotServed, RefusalEnds,
     EndsOnlyOpenStreams, GreetingFirst, NoGap, NoDuplicate;

byte fault;

mtype = { entering, in, left };          // AdmissionSession::State
mtype = { asking, waiting, streaming, gone };  // the client
mtype = { idle, sent, ok, refused, unreachable };  // a call

// The backend.
bool present;      // the session is in the stream
bool late;         // a call whose deadline is over may still be executed
bool excused;      // something was lost that only the lease can make good
byte log_end;

// The session.
mtype state = entering;
mtype call = idle;
bool calling;
bool ended;
bool joined;       // `end` is known
bool refusal;
bool timer;
byte renewals = RENEWALS;
byte failures;
bool was_refused;
bool dead;         // the bridge

// LeaveQueue.
mtype leave = idle;
byte retries = 1;

// The client, and the events that it gets.
mtype client = asking;
byte greeting = 255;  // the newest event that `enter` told of; 255: none yet
byte feed_at;         // the newest event that the shared feed has
bool own_call;        // of this client
byte pos;             // the newest event that it has
bool greeted;
bool stays;            // until its stream is ended
byte next_event;       // that it must get

inline send() {
  assert(OneCallAtOnce || call == idle);
  calling = true;
  call = sent
}

// AdmissionSession::TakeLeave and Leave.
inline take_leave() {
  if
  :: ended && (!calling || fault == 1) && state == in -> state = left; add_leave()
  :: ended && fault == 1 && calling && state == entering -> add_leave()
  :: else
  fi
}

inline add_leave() {
  assert(LeaveAfterEnter || !calling);
  if
  :: leave == idle -> leave = sent
  :: else
  fi
}

// AdmissionSession::End: the client's side is over.
inline end_session() {
  if
  :: !ended ->
     ended = true; timer = false;
     if
     :: fault != 9 -> joined = false
     :: else
     fi;
     take_leave()
  :: else
  fi
}

// Ends the stream with a status; its membership held the session.
inline end_stream() {
  assert(EndsOnlyOpenStreams || client == streaming);
  joined = false;
  client = gone;
  end_session()
}

inline refuse() {
  was_refused = true;
  if
  :: joined -> if
               :: fault == 5
               :: fault == 4 -> state = left; leave = sent
               :: fault != 4 && fault != 5 -> end_stream()
               fi
  :: else -> refusal = fault != 6
  fi
}

// Executes `enter`, the first time or again.
inline execute() {
  present = true;
  if
  :: greeting == 255 -> greeting = log_end
  :: else
  fi
}

inline seen() {
  assert(NoGap || pos == next_event);
  next_event++
}

// AdmittedSubscriber::Attach and AdmissionSession::Joined.
inline join() {
  next_event = greeting + 1;
  if
  :: refusal -> end_stream()
  :: else -> joined = true
  fi
}

active proctype Backend() {
end:
  do
  :: atomic { log_end < EVENTS -> log_end++ }
  :: atomic { call == sent -> execute(); call = ok }
  :: atomic { call == sent && state == entering -> call = refused }
  :: atomic { call == sent && state != entering -> present = false; call = refused }
  :: atomic { call == sent -> call = unreachable }
  :: atomic { call == sent -> execute(); call = unreachable }
  :: atomic { call == sent && !late -> late = true; call = unreachable }
  :: atomic { late -> late = false; present = true; excused = true }
  :: atomic { leave == sent ->
       assert(NoFalseLeave || client != streaming || dead);
       present = false; leave = ok }
  :: atomic { leave == sent && retries > 0 -> leave = unreachable }
  // The lease of a session that nobody renews.
  :: atomic { present && excused && !late && (dead || (state != in && leave != sent && call == idle)) -> present = false }
  od
}

active proctype LeaveQueue() {
end:
  do
  :: atomic { leave == unreachable ->
       retries--;
       if
       :: fault == 10 -> leave = ok
       :: else -> leave = sent
       fi }
  // The lease has expired meanwhile.
  :: atomic { leave == unreachable -> retries = 0; leave = ok; excused = true }
  od
}

active proctype Session() {
end:
  do
  // AdmissionSession::OnCallDone.
  :: atomic { !dead && calling && call == ok ->
       calling = false; call = idle; failures = 0;
       if
       :: state == entering ->
          state = in;
          if
          :: client == asking -> client = waiting
          :: else
          fi
       :: else
       fi;
       if
       :: !ended && renewals > 0 -> timer = true
       :: else
       fi;
       if
       :: fault != 3 -> take_leave()
       :: else
       fi }
  :: atomic { !dead && calling && call == refused ->
       calling = false; call = idle;
       if
       :: state == entering ->
          state = left; was_refused = true;
          if
          :: client == asking && fault == 7 -> client = waiting
          :: client == asking && fault != 7 -> client = gone
          :: else
          fi;
          ended = true
       :: else ->
          if
          :: !ended || fault == 9 -> refuse()
          :: else
          fi;
          take_leave()
       fi }
  :: atomic { !dead && calling && call == unreachable ->
       calling = false; call = idle;
       if
       :: state == entering ->
          state = left;
          if
          :: client == asking -> client = gone
          :: else
          fi;
          ended = true;
          // It is unknown whether the backend has executed it.
          if
          :: fault != 2 -> add_leave()
          :: else
          fi
       :: else ->
          if
          :: !ended ->
             failures++;
             if
             // give_up_after
             :: failures >= 2 || renewals == 0 -> refuse()
             :: failures < 2 && renewals > 0 -> timer = true
             fi
          :: else
          fi;
          take_leave()
       fi }
  // AdmissionSession::Renew.
  :: atomic { !dead && timer && (fault == 8 || (!ended && !calling && state == in)) ->
       timer = false; renewals--; send() }
  :: atomic { !dead && fault == 8 && state == in && calling && renewals > 0 -> timer = true }
  od
}

active proctype Client() {
end:
  do
  // It joins where the greeting says: FeedRegistry::JoinAt, or StartAtSubscriber.
  :: atomic { !dead && client == waiting && (feed_at >= greeting || fault == 13 || fault == 7 || fault == 11) ->
       assert(RefusedIsNotServed || !(was_refused && state == left));
       client = streaming;
       pos = greeting;
       if
       :: fault == 11 -> pos = feed_at
       :: fault == 12 && greeting > 0 -> pos = greeting - 1
       :: fault == 13 -> pos = feed_at
       :: else
       fi;
       greeted = fault != 14;
       join() }
  // The feed is behind for too long: a call of its own.
  :: atomic { !dead && client == waiting && feed_at < greeting && fault != 11 && fault != 13 ->
       client = streaming; pos = greeting; greeted = true; own_call = true;
       join() }
  :: atomic { !dead && client == streaming && pos < (own_call -> log_end : feed_at) ->
       assert(GreetingFirst || greeted);
       pos++;
       assert(NoDuplicate || pos > greeting);
       seen() }
  // It goes.
  :: atomic { !dead && !stays && client != gone -> client = gone; pos = 0; own_call = false; end_session() }
  od
}

active proctype Feed() {
end:
  do
  :: atomic { feed_at < log_end -> feed_at++ }
  od
}

init {
  atomic { c_code { now.fault = getenv("FAULT") ? atoi(getenv("FAULT")) : 0; }; send() };
  if
  :: stays = true
  :: skip
  fi;
  if
  // The bridge dies.
  :: atomic { dead = true; excused = true; client = gone; leave = ok; timer = false }
  :: skip
  fi;
  // Nothing can happen any more.
  timeout;
  assert(NoGhost || !present || client == streaming);
  assert(RefusalEnds || !was_refused || client == gone)
}

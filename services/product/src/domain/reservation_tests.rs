//! Decisions, applied to a stock in memory.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use contracts::Sku;
use proptest::{prelude::*, sample::Index};
use uuid::Uuid;

use super::*;

/// Available, reserved, sold.
type Level = [i64; 3];

/// Model of the store, with one order.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    reservation: Option<Reservation>,
    held: Vec<(Sku, u32)>,
    stock: BTreeMap<Sku, Level>,
    rejections: usize,
    /// States that were announced again.
    answers: Vec<State>,
    /// Number of questions about the end of the order.
    questions: u32,
}

fn lines() -> Lines {
    Lines::new([("A".parse().unwrap(), 2), ("B".parse().unwrap(), 1)]).unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

const TERMS: Terms =
    Terms { ttl: TimeDelta::seconds(900), warning: TimeDelta::seconds(120), extension: TimeDelta::seconds(300) };

impl Model {
    fn with(available: i64) -> Self {
        let stock = ["A", "B"].map(|sku| (sku.parse().unwrap(), [available, 0, 0])).into();
        Self { reservation: None, held: Vec::new(), stock, rejections: 0, answers: Vec::new(), questions: 0 }
    }

    fn move_held(&mut self, movement: Movement) {
        let change = movement.per_piece();
        for (sku, quantity) in &self.held {
            let level = self.stock.get_mut(sku).unwrap();
            for (column, per_piece) in level.iter_mut().zip([change.available, change.reserved, change.sold]) {
                *column += i64::from(per_piece) * i64::from(*quantity);
            }
        }
    }

    fn apply(&mut self, decision: Decision<'_>, sequence: u64, now: DateTime<Utc>) {
        let mut is_retake = false;
        let state = match decision {
            Decision::Ignore | Decision::Extend(_) | Decision::Ask => return,
            Decision::AnswerAgain(state) => {
                self.answers.push(state);
                state
            }
            Decision::SetState(state) => state,
            Decision::MoveHeld(movement, state) => {
                self.move_held(movement);
                state
            }
            Decision::Take(lines, movement, state) => {
                let wanted: Vec<_> = lines.iter().map(|(sku, quantity)| (sku.clone(), quantity)).collect();
                if wanted.iter().all(|(sku, quantity)| self.stock[sku][0] >= i64::from(*quantity)) {
                    self.held = wanted;
                    self.move_held(movement);
                    state
                } else {
                    self.rejections += 1;
                    is_retake = movement == Movement::Retaken;
                    State::Rejected
                }
            }
        };
        if !state.holds_stock() {
            self.held.clear();
        }
        let reservation = self.reservation.take();
        let reservation = reservation.unwrap_or_else(|| Reservation::unwritten(Uuid::nil().into(), Uuid::nil().into()));
        let next = reservation.followed_by(state, sequence, now + TERMS.ttl);
        self.reservation = Some(if is_retake { next.with_failed_retake(&TERMS, now) } else { next });
    }

    fn handle(&mut self, event: &(Command, u64)) {
        self.handle_at(event, at(0));
    }

    fn handle_at(&mut self, (command, sequence): &(Command, u64), now: DateTime<Utc>) {
        let decision = decide(self.reservation.as_ref(), command, *sequence, now);
        self.apply(decision, *sequence, now);
        self.check();
    }

    /// Returns true if an event is published.
    fn tick(&mut self, now: DateTime<Utc>) -> bool {
        let Some(reservation) = self.reservation.take() else { return false };
        let next = match time_passed(&reservation, &TERMS, now) {
            Decision::Extend(until) => reservation.clone().extended_until(until),
            Decision::MoveHeld(movement, State::Expired) => {
                self.move_held(movement);
                self.held.clear();
                reservation.clone().asked_again(&TERMS, now)
            }
            Decision::Ask => reservation.clone().asked_again(&TERMS, now),
            _ => reservation.clone(),
        };
        let is_changed = next != reservation;
        self.questions += u32::from(next.asked > reservation.asked);
        self.reservation = Some(next);
        self.check();
        is_changed
    }

    /// Checks the invariants: no negative stock, and columns equal to the lines that the order holds.
    fn check(&self) {
        let state = self.reservation.as_ref().map(|reservation| reservation.state);
        for (sku, level) in &self.stock {
            let held = self.held.iter().find(|line| line.0 == *sku).map_or(0, |line| i64::from(line.1));
            assert!(level.iter().all(|pieces| *pieces >= 0), "{self:?}");
            assert_eq!(level[1], if state == Some(State::Reserved) { held } else { 0 }, "{self:?}");
            assert_eq!(level[2], if state == Some(State::Committed) { held } else { 0 }, "{self:?}");
        }
        assert_eq!(
            self.reservation.as_ref().is_some_and(|reservation| reservation.state.holds_stock()),
            !self.held.is_empty()
        );
        // The end of an order is asked for exactly while it is not known.
        match &self.reservation {
            Some(Reservation { state: State::Reserved, expires_at, ask_at, .. }) => assert_eq!(expires_at, ask_at),
            Some(Reservation { state: State::Expired, ask_at, .. }) => assert!(ask_at.is_some(), "{self:?}"),
            Some(Reservation { state: State::Committed | State::Released, ask_at, .. }) => assert_eq!(*ask_at, None),
            Some(Reservation { state: State::Rejected, .. }) | None => {}
        }
    }

    fn end(&self) -> (Option<(State, u64)>, &BTreeMap<Sku, Level>) {
        (self.reservation.as_ref().map(|reservation| (reservation.state, reservation.order_sequence)), &self.stock)
    }
}

/// Histories of an order that the orchestrator of the saga can produce.
fn history() -> impl Strategy<Value = Vec<(Command, u64)>> {
    let placed = |sequence| (Command::Reserve(lines(), None), sequence);
    let confirmed = |sequence| (Command::Commit(lines()), sequence);
    prop_oneof![
        Just(vec![placed(1)]),
        Just(vec![placed(1), placed(2)]),
        Just(vec![placed(1), (Command::Release, 2)]),
        Just(vec![placed(1), (Command::Return, 2), (Command::Return, 3)]),
        Just(vec![placed(1), placed(2), confirmed(3)]),
        Just(vec![placed(1), confirmed(3), confirmed(4)]),
        Just(vec![placed(1), confirmed(3), (Command::Return, 4)]),
        Just(vec![placed(1), confirmed(3), confirmed(4), (Command::Return, 5), (Command::Return, 6)]),
    ]
}

proptest! {
    #[test]
    fn any_permutation_with_duplicates_leads_to_the_same_state(
        history in history(),
        deliveries in prop::collection::vec(any::<Index>(), 0..12),
        cut in any::<Index>(),
        available in 0_i64..4,
    ) {
        let mut in_order = Model::with(available);
        history.iter().for_each(|event| in_order.handle(event));

        // Deliveries in any order, with each event at least once.
        let mut order: Vec<_> = deliveries.iter().map(|index| index.get(&history).clone()).collect();
        let missing = history.iter().rev().cloned().collect::<Vec<_>>();
        let place = cut.index(order.len() + 1);
        order.splice(place..place, missing);
        let mut shuffled = Model::with(available);
        order.iter().for_each(|event| shuffled.handle(event));

        prop_assert_eq!(shuffled.end(), in_order.end());
    }

    #[test]
    fn the_number_of_pieces_never_changes(
        deliveries in prop::collection::vec((any::<Index>(), any::<bool>(), 0_i64..2000), 0..20),
        history in history(),
        available in 0_i64..4,
    ) {
        let mut model = Model::with(available);
        for (index, expiry, second) in deliveries {
            if expiry { _ = model.tick(at(second)) } else { model.handle(index.get(&history)) }
            for level in model.stock.values() {
                prop_assert_eq!(level.iter().sum::<i64>(), available);
            }
        }
    }

    #[test]
    fn an_expiry_does_not_change_the_final_state_of_a_confirmed_or_released_order(
        history in history().prop_filter("reaches a terminal state", |history| {
            history.iter().any(|(command, _)| !matches!(command, Command::Reserve(..)))
        }),
        ticks in prop::collection::vec(any::<bool>(), 5),
    ) {
        let mut undisturbed = Model::with(10);
        let mut disturbed = Model::with(10);
        for (event, tick) in history.iter().zip(ticks) {
            undisturbed.handle(event);
            disturbed.handle(event);
            if tick {
                disturbed.tick(at(10_000));
                disturbed.tick(at(20_000));
            }
        }
        prop_assert_eq!(disturbed.end(), undisturbed.end());
    }
}

fn reserved() -> (Model, Command) {
    let (mut model, placed) = (Model::with(5), Command::Reserve(lines(), Some(at(120))));
    model.handle(&(placed.clone(), 1));
    (model, placed)
}

fn state(model: &Model) -> State {
    model.reservation.as_ref().unwrap().state
}

#[test]
fn the_end_of_a_reservation_is_announced_and_put_off_once() {
    let (mut model, _) = reserved();
    let expires_at = |model: &Model| model.reservation.as_ref().unwrap().expires_at.unwrap();
    model.tick(at(779));
    assert_eq!(expires_at(&model), at(900));
    model.tick(at(780));
    assert_eq!(expires_at(&model), at(1200), "extended by five minutes");
    model.tick(at(1199));
    assert_eq!((state(&model), expires_at(&model)), (State::Reserved, at(1200)), "once");
    let mut confirmed = model.clone();
    model.tick(at(1200));
    assert_eq!(state(&model), State::Expired);
    confirmed.handle(&(Command::Commit(lines()), 2));
    confirmed.tick(at(10_000));
    assert_eq!(state(&confirmed), State::Committed);
}

#[test]
fn the_end_of_a_reservation_is_announced_before_it_comes_however_late_the_sweep_is() {
    let (mut model, _) = reserved();
    model.tick(at(5_000));
    assert_eq!(model.reservation.as_ref().unwrap().expires_at, Some(at(5_300)));
    model.tick(at(5_300));
    assert_eq!(state(&model), State::Expired);
}

#[test]
fn a_late_confirmation_takes_the_stock_again_or_is_rejected() {
    let (mut model, _) = reserved();
    model.tick(at(900));
    model.tick(at(1_200));
    let mut sold_out = model.clone();
    model.handle(&(Command::Commit(lines()), 2));
    assert_eq!((state(&model), model.rejections), (State::Committed, 0));

    sold_out.stock.insert("B".parse().unwrap(), [0, 0, 0]);
    sold_out.handle(&(Command::Commit(lines()), 2));
    assert_eq!((state(&sold_out), sold_out.rejections), (State::Rejected, 1));
}

#[test]
fn a_cancellation_that_arrives_first_prevents_the_reservation() {
    for end in [Command::Release, Command::Return] {
        let mut model = Model::with(5);
        model.handle(&(end, 2));
        model.handle(&(Command::Reserve(lines(), None), 1));
        assert_eq!(state(&model), State::Released);
        assert_eq!(model.stock, Model::with(5).stock);
    }
}

#[test]
fn an_order_whose_deadline_has_passed_gets_no_stock_but_its_confirmation_does() {
    let mut model = Model::with(5);
    for second in [0, -1] {
        let late = Command::Reserve(lines(), Some(at(second)));
        model = Model::with(5);
        model.handle(&(late, 1));
        assert_eq!((state(&model), &model.stock), (State::Released, &Model::with(5).stock));
    }
    model.handle(&(Command::Commit(lines()), 2));
    assert_eq!(state(&model), State::Committed);
}

#[test]
fn a_repeated_request_is_answered_again_and_a_redelivery_is_not() {
    let (mut model, placed) = reserved();
    model.handle(&(placed.clone(), 1));
    assert_eq!(model.answers, []);
    model.handle(&(placed.clone(), 2));
    assert_eq!((model.answers.as_slice(), state(&model)), (&[State::Reserved][..], State::Reserved));

    let mut sold_out = Model::with(0);
    sold_out.handle(&(placed.clone(), 1));
    sold_out.handle(&(placed.clone(), 2));
    assert_eq!((sold_out.answers.as_slice(), sold_out.rejections), (&[State::Rejected][..], 1));

    model.answers.clear();
    model.handle(&(Command::Commit(lines()), 3));
    model.handle(&(placed, 4));
    model.handle(&(Command::Return, 5));
    assert_eq!((model.answers.as_slice(), state(&model)), (&[][..], State::Released));
    model.handle(&(Command::Return, 5));
    assert_eq!(model.answers, []);
    model.handle(&(Command::Return, 6));
    assert_eq!(model.answers, [State::Released]);
}

/// The end of an order, told in response to questions, of which some are lost with the answer.
fn answered_after(mut model: Model, end: &Command, lost: u32) -> (Model, u32) {
    let (mut now, mut sequence, mut questions) = (at(0), 1, 0);
    while now < at(30 * 24 * 60 * 60) {
        now += TimeDelta::minutes(15);
        if model.tick(now) {
            questions += 1;
            if questions > lost {
                sequence += 1;
                model.handle_at(&(end.clone(), sequence), now);
            }
        }
    }
    (model, questions)
}

proptest! {
    #[test]
    fn the_end_of_an_order_arrives_however_many_questions_are_lost(
        lost in 0_u32..40,
        end in prop_oneof![Just(Command::Commit(lines())), Just(Command::Release), Just(Command::Return)],
    ) {
        let (model, questions) = answered_after(reserved().0, &end, lost);
        prop_assert_eq!(questions, lost + 1, "there is no question after the answer");
        let ended = if matches!(end, Command::Commit(_)) { State::Committed } else { State::Released };
        prop_assert_eq!(state(&model), ended);
    }
}

#[test]
fn the_end_of_an_order_is_asked_for_with_a_patience_that_doubles_up_to_six_hours() {
    let (mut model, _) = reserved();
    assert!(model.tick(at(780)) && model.tick(at(1_200)));
    let (mut last, mut minutes) = (1_200, Vec::new());
    for second in (1_200..1_200 + 30 * 60 * 60).step_by(15) {
        if model.tick(at(second)) {
            minutes.push((second - last) / 60);
            last = second;
        }
    }
    assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]);
    assert_eq!((state(&model), model.questions), (State::Expired, 11));
    assert!(!model.tick(at(last + 360 * 60 - 1)) && model.tick(at(last + 360 * 60)));
    let Some(reservation) = model.reservation else { panic!("no reservation") };
    let asked = Reservation { asked: u32::MAX, ..reservation }.asked_again(&TERMS, at(0));
    assert_eq!((asked.asked, asked.ask_at), (u32::MAX, Some(at(6 * 60 * 60))));
}

#[test]
fn a_failed_retake_is_asked_about_until_the_cancellation_arrives() {
    let (mut expired, placed) = reserved();
    assert!(expired.tick(at(780)) && expired.tick(at(1_200)));
    expired.stock.insert("B".parse().unwrap(), [0, 0, 0]);
    // Without a reservation as well: after an outage, its message arrives later than the confirmation.
    let mut unknown = Model::with(0);
    unknown.handle_at(&(Command::Commit(lines()), 2), at(1_200));
    for mut model in [expired, unknown] {
        model.handle_at(&(Command::Commit(lines()), 3), at(1_300));
        let version = model.reservation.as_ref().unwrap().version;
        assert_eq!(state(&model), State::Rejected);
        assert!(!model.tick(at(1_499)) && model.tick(at(1_500)));
        assert_eq!((state(&model), model.reservation.as_ref().unwrap().version), (State::Rejected, version + 1));
        // The repeated confirmation is rejected again, or gets stock that has arrived meanwhile.
        let (mut restocked, rejections) = (model.clone(), model.rejections);
        model.handle_at(&(Command::Commit(lines()), 4), at(1_501));
        assert_eq!(model.rejections, rejections + 1);
        assert!(model.tick(at(10_000)));
        model.handle_at(&(Command::Return, 5), at(10_001));
        assert_eq!((state(&model), model.tick(at(1_000_000))), (State::Released, false));

        restocked.stock = ["A", "B"].map(|sku| (sku.parse().unwrap(), [5, 0, 0])).into();
        restocked.handle_at(&(Command::Commit(lines()), 4), at(1_501));
        assert_eq!((state(&restocked), restocked.tick(at(1_000_000))), (State::Committed, false));
    }
    // An order that was rejected at once is not asked: it cannot be confirmed, and holds no stock.
    let mut rejected = Model::with(0);
    rejected.handle(&(placed, 1));
    assert_eq!((state(&rejected), rejected.tick(at(1_000_000))), (State::Rejected, false));
}

//! A world in which only the state machine is real: the table is a variable, the processor a few rules, and time and
//! network do what the steps say.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::event::order::{PaymentRequested, VoidRequested};
use contracts::event::payment::DeclineReason;
use contracts::{Currency, Event, Money, OrderId, PaymentId, UserId};
use payment::domain::{Call, Input, IntentId, Payment, Verdict, decide};
use proptest::sample::Index;

/// What is given from the start.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Order also asks for the void.
    pub voided: bool,
    /// What the issuer says to a confirmation.
    pub approves: bool,
    /// Whether the processor takes the amount.
    pub refuses: Refuses,
    /// The processor forgets idempotency keys of preparations at once, so that every one makes another intent.
    pub forgetful: bool,
    /// Of the messages that are still unhandled when the faults stop, the void's is the first.
    pub void_first: bool,
}

/// Whether the processor refuses to prepare an intent, because it does not take the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuses {
    Never,
    Always,
    /// Its rules change under way: every other time.
    Sometimes,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// The request's message is delivered (again).
    DeliverRequest,
    /// The void's message is delivered (again).
    DeliverVoid,
    /// A delivery does its next access to the table, or sends its next call.
    Advance(Index),
    /// A call reaches the processor; its answer is heard or lost, if somebody still waits for it.
    Arrive { call: Index, heard: bool },
    /// A delivery dies. A call that it sent is still on its way.
    Crash(Index),
    /// Order stops waiting.
    PassDeadline,
}

/// What order sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Request,
    Void,
}

/// A call without the borrowed parts: the world has only one request.
#[derive(Debug, Clone)]
enum Sent {
    Prepare,
    Confirm(IntentId),
    Cancel(IntentId),
}

/// Where a delivery is.
#[derive(Debug, Clone)]
enum Stage {
    Load,
    Decide(Option<Payment>),
    Send(Sent, Option<Payment>),
    Wait(Option<Payment>),
}

#[derive(Debug)]
struct Delivery {
    id: u64,
    message: Message,
    input: Known,
    stage: Stage,
}

/// An input without the borrowed parts.
#[derive(Debug, Clone)]
enum Known {
    Requested,
    Prepared(IntentId),
    Refused,
    Confirmed(Verdict),
    VoidRequested,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Prepared,
    Live,
    Declined,
    Cancelled,
}

/// All there is.
pub struct World {
    scenario: Scenario,
    request: PaymentRequested,
    void: VoidRequested,
    now: DateTime<Utc>,
    payment: Option<Payment>,
    published: Vec<(u64, Event)>,
    intents: Vec<(IntentId, Held)>,
    approvals: usize,
    preparations: usize,
    deliveries: Vec<Delivery>,
    acknowledged: Vec<Message>,
    network: Vec<(u64, Sent)>,
    next_id: u64,
}

impl World {
    pub fn new(scenario: Scenario) -> Self {
        let now = DateTime::UNIX_EPOCH;
        let (order_id, payment_id) = (OrderId::generate(), PaymentId::generate());
        let request = PaymentRequested {
            order_id,
            user_id: UserId::generate(),
            payment_id,
            amount: Money::new(1999, Currency::EUR),
            payment_method: "pm_card_visa".to_owned(),
            deadline: now + TimeDelta::minutes(10),
        };
        Self {
            scenario,
            request,
            void: VoidRequested { order_id, payment_id },
            now,
            payment: None,
            published: vec![],
            intents: vec![],
            approvals: 0,
            preparations: 0,
            deliveries: vec![],
            acknowledged: vec![],
            network: vec![],
            next_id: 0,
        }
    }

    /// The payment as it is recorded.
    pub fn payment(&self) -> Option<&Payment> {
        self.payment.as_ref()
    }

    /// What was announced, with the version.
    pub fn published(&self) -> &[(u64, Event)] {
        &self.published
    }

    /// How many authorisations hold money.
    pub fn live(&self) -> usize {
        self.intents.iter().filter(|(_, held)| *held == Held::Live).count()
    }

    /// How often the issuer set money aside.
    pub fn approvals(&self) -> usize {
        self.approvals
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::DeliverRequest => self.deliver(Message::Request),
            Step::DeliverVoid if self.scenario.voided => self.deliver(Message::Void),
            Step::DeliverVoid => {}
            Step::Advance(index) => {
                if let Some(at) = pick(&self.deliveries, &index) {
                    self.advance(at);
                }
            }
            Step::Arrive { call, heard } => {
                if let Some(at) = pick(&self.network, &call) {
                    self.arrive(at, heard);
                }
            }
            Step::Crash(index) => {
                if let Some(at) = pick(&self.deliveries, &index) {
                    self.deliveries.remove(at);
                }
            }
            Step::PassDeadline => self.now = self.request.deadline,
        }
    }

    /// The faults stop: what was not handled is delivered again until it is. The calls of the dead arrive last.
    pub fn finish(&mut self) {
        self.deliveries.clear();
        let late = std::mem::take(&mut self.network);
        let mut messages = vec![Message::Request];
        if self.scenario.voided {
            messages.insert(usize::from(!self.scenario.void_first), Message::Void);
        }
        messages.retain(|message| !self.acknowledged.contains(message));
        for message in messages {
            self.deliver(message);
            while !self.deliveries.is_empty() {
                if self.network.is_empty() { self.advance(0) } else { self.arrive(0, true) }
            }
        }
        self.network = late;
        while !self.network.is_empty() {
            self.arrive(0, false);
        }
    }

    fn deliver(&mut self, message: Message) {
        let input = match message {
            Message::Request => Known::Requested,
            Message::Void => Known::VoidRequested,
        };
        self.deliveries.push(Delivery { id: self.next_id, message, input, stage: Stage::Load });
        self.next_id += 1;
    }

    /// What `events::settle` does between two waits.
    fn advance(&mut self, at: usize) {
        let (id, input) = (self.deliveries[at].id, self.deliveries[at].input.clone());
        let next = match self.deliveries[at].stage.clone() {
            Stage::Load => Stage::Decide(self.payment.clone()),
            Stage::Decide(loaded) => match self.decide_and_commit(loaded, &input) {
                Some(stage) => stage,
                None => {
                    let done = self.deliveries.remove(at);
                    self.acknowledged.push(done.message);
                    return;
                }
            },
            Stage::Send(call, loaded) => {
                self.network.push((id, call));
                Stage::Wait(loaded)
            }
            waiting @ Stage::Wait(_) => waiting,
        };
        self.deliveries[at].stage = next;
    }

    fn decide_and_commit(&mut self, mut loaded: Option<Payment>, input: &Known) -> Option<Stage> {
        let input = match input {
            Known::Requested => Input::Requested(&self.request),
            Known::Prepared(intent) => Input::Prepared { request: &self.request, intent: intent.clone() },
            Known::Refused => Input::Refused { request: &self.request, reason: DeclineReason::AmountNotAccepted },
            Known::Confirmed(verdict) => Input::Confirmed(*verdict),
            Known::VoidRequested => Input::VoidRequested(&self.void),
            Known::Cancelled => Input::Cancelled,
        };
        let decision = decide(loaded.as_ref(), &input, self.now);
        let call = decision.call.map(|call| match call {
            Call::Prepare(_) => Sent::Prepare,
            Call::Confirm { intent, .. } => Sent::Confirm(intent),
            Call::Cancel { intent } => Sent::Cancel(intent),
        });
        if let Some(change) = decision.change {
            if self.payment.as_ref().map_or(0, |payment| payment.version) != change.payment.version - 1 {
                return Some(Stage::Load);
            }
            self.published.extend(change.event.map(|event| (change.payment.version, event)));
            self.payment = Some(change.payment.clone());
            loaded = Some(change.payment);
        }
        call.map(|call| Stage::Send(call, loaded))
    }

    fn arrive(&mut self, at: usize, heard: bool) {
        let (id, call) = self.network.remove(at);
        let answer = self.process(call);
        let Some(at) = self.deliveries.iter().position(|delivery| delivery.id == id) else { return };
        if !heard {
            // It times out, fails, and is delivered again some time.
            self.deliveries.remove(at);
            return;
        }
        if let Stage::Wait(loaded) = self.deliveries[at].stage.clone() {
            self.deliveries[at].input = answer;
            self.deliveries[at].stage = Stage::Decide(loaded);
        }
    }

    /// The processor: an intent is confirmed once, and not at all when it is cancelled.
    fn process(&mut self, call: Sent) -> Known {
        match call {
            Sent::Prepare => {
                self.preparations += 1;
                match self.scenario.refuses {
                    Refuses::Always => return Known::Refused,
                    Refuses::Sometimes if self.preparations % 2 == 1 => return Known::Refused,
                    Refuses::Sometimes | Refuses::Never => {}
                }
                if self.intents.is_empty() || self.scenario.forgetful {
                    let id = format!("pi_{}", self.intents.len()).parse().expect("a plain id");
                    self.intents.push((id, Held::Prepared));
                }
                Known::Prepared(self.intents[self.intents.len() - 1].0.clone())
            }
            Sent::Confirm(id) => {
                let approves = self.scenario.approves;
                let held = self.held(&id);
                if *held == Held::Prepared {
                    *held = if approves { Held::Live } else { Held::Declined };
                    self.approvals += usize::from(approves);
                }
                Known::Confirmed(match self.held(&id) {
                    Held::Cancelled => Verdict::Cancelled,
                    Held::Declined => Verdict::Declined(DeclineReason::CardDeclined),
                    Held::Live | Held::Prepared => Verdict::Authorized,
                })
            }
            Sent::Cancel(id) => {
                *self.held(&id) = Held::Cancelled;
                Known::Cancelled
            }
        }
    }

    fn held(&mut self, id: &IntentId) -> &mut Held {
        let intent = self.intents.iter_mut().find(|(known, _)| known == id);
        &mut intent.expect("only intents that the processor made are named").1
    }
}

fn pick<T>(items: &[T], index: &Index) -> Option<usize> {
    (!items.is_empty()).then(|| index.index(items.len()))
}

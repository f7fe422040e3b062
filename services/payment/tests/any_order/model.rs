//! A simulation around the real state machine: the table is a variable, order and the processor are a few rules, and
//! the steps control time and network.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::event::order::{PaymentRequested, VoidRequested};
use contracts::{Currency, Event, Money, OrderId, PaymentId, UserId};
use payment::domain::{Call, CancelOutcome, ConfirmOutcome, Input, Payment, PrepareOutcome, decide};
use proptest::sample::Index;

use crate::processor::{Deviates, Processor, Refuses, Sent};

/// Conditions that hold from the start.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Order also requests the void, at the latest when the faults stop.
    pub voided: bool,
    /// The issuer authorizes a confirmation.
    pub approves: bool,
    /// Whether the processor refuses the amount.
    pub refuses: Refuses,
    /// Whether the processor does something else than requested.
    pub deviates: Deviates,
    /// The processor forgets idempotency keys of preparations at once, so that every preparation creates another
    /// intent.
    pub forgetful: bool,
    /// Among the messages that are unhandled when the faults stop, the void is delivered first.
    pub void_first: bool,
}

/// One step of a schedule.
#[derive(Debug, Clone)]
pub enum Step {
    /// Order repeats its last question: a new event with a higher sequence.
    AskAgain,
    /// Order requests the void, in place of the authorization.
    AskVoid,
    /// The message of a question is delivered (again).
    Deliver(Index),
    /// Order receives an answer, or the answer is lost.
    Answer { answer: Index, received: bool },
    /// A delivery makes its next access to the table, or sends its next call.
    Advance(Index),
    /// A call reaches the processor. The response is received or lost, if its delivery still waits for it.
    Arrive { call: Index, received: bool },
    /// A delivery crashes. The call that it sent is still in flight.
    Crash(Index),
    /// The order's deadline passes.
    PassDeadline,
}

/// A message from order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Request,
    Void,
}

/// An event of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Question {
    message: Message,
    sequence: u64,
    was_delivered: bool,
    is_acknowledged: bool,
}

/// An announced event.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// Version of the payment.
    pub version: u64,
    /// Sequence of the question that it answers.
    pub answered: u64,
    pub event: Event,
}

/// Progress of a delivery.
#[derive(Debug, Clone)]
enum Progress {
    Load,
    Decide(Option<Payment>),
    Send(Sent, Option<Payment>),
    Wait(Option<Payment>),
}

#[derive(Debug)]
struct Delivery {
    id: u64,
    question: Question,
    input: OwnedInput,
    progress: Progress,
}

/// An [`Input`] without the borrowed parts.
#[derive(Debug, Clone)]
pub enum OwnedInput {
    Requested,
    Prepared(PrepareOutcome),
    Confirmed(ConfirmOutcome),
    VoidRequested,
    Cancelled(CancelOutcome),
}

/// The simulated system.
pub struct Simulation {
    scenario: Scenario,
    request: PaymentRequested,
    void: VoidRequested,
    now: DateTime<Utc>,
    payment: Option<Payment>,
    questions: Vec<Question>,
    published: Vec<Announcement>,
    /// Answers on their way to order.
    answers: Vec<Event>,
    heard: Vec<Event>,
    pub processor: Processor,
    deliveries: Vec<Delivery>,
    network: Vec<(u64, Sent)>,
    next_id: u64,
}

impl Simulation {
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
            questions: vec![Question {
                message: Message::Request,
                sequence: 1,
                was_delivered: false,
                is_acknowledged: false,
            }],
            published: vec![],
            answers: vec![],
            heard: vec![],
            processor: Processor::new(scenario),
            deliveries: vec![],
            network: vec![],
            next_id: 0,
        }
    }

    /// The recorded payment.
    pub fn payment(&self) -> Option<&Payment> {
        self.payment.as_ref()
    }

    /// Announced events, in order.
    pub fn published(&self) -> &[Announcement] {
        &self.published
    }

    /// Number of events of order.
    pub fn questions(&self) -> usize {
        self.questions.len()
    }

    /// Whether order has received an answer to what it wants.
    pub fn is_answered(&self) -> bool {
        match self.last_question().message {
            Message::Request => !self.heard.is_empty(),
            Message::Void => self.heard.iter().any(|event| matches!(event, Event::PaymentVoided(_))),
        }
    }

    pub fn run(&mut self, step: Step) {
        match step {
            Step::AskAgain => self.ask(self.last_question().message),
            Step::AskVoid if self.scenario.voided => self.ask(Message::Void),
            Step::AskVoid => {}
            Step::Deliver(index) => self.deliver(index.index(self.questions.len())),
            Step::Answer { answer, received } => {
                if let Some(at) = pick(&self.answers, &answer) {
                    let event = self.answers.remove(at);
                    self.heard.extend(received.then_some(event));
                }
            }
            Step::Advance(index) => {
                if let Some(at) = pick(&self.deliveries, &index) {
                    self.advance(at);
                }
            }
            Step::Arrive { call, received } => {
                if let Some(at) = pick(&self.network, &call) {
                    self.arrive(at, received);
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

    /// Ends the faults: unhandled messages are delivered until they are handled, and order asks once more if it has no
    /// answer. Calls of crashed deliveries arrive last.
    pub fn finish(&mut self) {
        self.deliveries.clear();
        let late = std::mem::take(&mut self.network);
        if self.scenario.voided && self.last_question().message == Message::Request {
            self.ask(Message::Void);
        }
        self.settle();
        if !self.is_answered() {
            self.ask(self.last_question().message);
            self.settle();
        }
        self.network = late;
        while !self.network.is_empty() {
            self.arrive(0, false);
        }
    }

    /// Handles all unhandled messages without faults. Order receives all answers.
    fn settle(&mut self) {
        let mut unhandled: Vec<_> =
            (0..self.questions.len()).filter(|at| !self.questions[*at].is_acknowledged).collect();
        if self.scenario.void_first {
            unhandled.reverse();
        }
        for at in unhandled {
            self.deliver(at);
            while !self.deliveries.is_empty() {
                if self.network.is_empty() { self.advance(0) } else { self.arrive(0, true) }
            }
        }
        self.heard.append(&mut self.answers);
    }

    fn last_question(&self) -> Question {
        self.questions[self.questions.len() - 1]
    }

    fn ask(&mut self, message: Message) {
        let sequence = self.last_question().sequence + 1;
        self.questions.push(Question { message, sequence, was_delivered: false, is_acknowledged: false });
    }

    fn deliver(&mut self, at: usize) {
        let question = self.questions[at];
        self.questions[at].was_delivered = true;
        // The first delivery of a request does not read.
        let progress = match question.message {
            Message::Request if !question.was_delivered => Progress::Decide(None),
            _ => Progress::Load,
        };
        let input = match question.message {
            Message::Request => OwnedInput::Requested,
            Message::Void => OwnedInput::VoidRequested,
        };
        self.deliveries.push(Delivery { id: self.next_id, question, input, progress });
        self.next_id += 1;
    }

    /// Does what `events::settle` does between two awaits.
    fn advance(&mut self, at: usize) {
        let Delivery { id, question, input, .. } = &self.deliveries[at];
        let (id, question, input) = (*id, *question, input.clone());
        let next = match self.deliveries[at].progress.clone() {
            Progress::Load => Progress::Decide(self.payment.clone()),
            Progress::Decide(loaded) => match self.decide_and_commit(loaded, &input, question.sequence) {
                Some(progress) => progress,
                None => {
                    self.deliveries.remove(at);
                    let mut questions = self.questions.iter_mut();
                    if let Some(handled) = questions.find(|handled| handled.sequence == question.sequence) {
                        handled.is_acknowledged = true;
                    }
                    return;
                }
            },
            Progress::Send(call, loaded) => {
                self.network.push((id, call));
                Progress::Wait(loaded)
            }
            waiting @ Progress::Wait(_) => waiting,
        };
        self.deliveries[at].progress = next;
    }

    fn decide_and_commit(&mut self, mut loaded: Option<Payment>, input: &OwnedInput, asked: u64) -> Option<Progress> {
        let input = match input {
            OwnedInput::Requested => Input::Requested(&self.request),
            OwnedInput::Prepared(PrepareOutcome::Prepared(intent)) => {
                Input::Prepared { request: &self.request, intent: intent.clone() }
            }
            OwnedInput::Prepared(PrepareOutcome::Refused(reason)) => {
                Input::Refused { request: &self.request, reason: *reason }
            }
            OwnedInput::Prepared(PrepareOutcome::Wrong(intent, problem)) => {
                Input::PreparedWrongly { request: &self.request, intent: intent.clone(), problem: *problem }
            }
            OwnedInput::Confirmed(outcome) => Input::Confirmed(*outcome),
            OwnedInput::VoidRequested => Input::VoidRequested(&self.void),
            OwnedInput::Cancelled(CancelOutcome::Cancelled) => Input::Cancelled,
            OwnedInput::Cancelled(CancelOutcome::Captured) => Input::NotCancellable,
        };
        let decision = decide(loaded.as_ref(), &input, asked, self.now);
        let call = decision.call.map(|call| match call {
            Call::Prepare(_) => Sent::Prepare,
            Call::Confirm { intent, .. } => Sent::Confirm(intent),
            Call::Cancel { intent } => Sent::Cancel(intent),
        });
        if let Some(change) = decision.change {
            if self.payment.as_ref().map_or(0, |payment| payment.version) != change.payment.version - 1 {
                return Some(Progress::Load);
            }
            if let Some(event) = change.event {
                let Payment { version, answered, .. } = change.payment;
                self.answers.push(event.clone());
                self.published.push(Announcement { version, answered, event });
            }
            self.payment = Some(change.payment.clone());
            loaded = Some(change.payment);
        }
        call.map(|call| Progress::Send(call, loaded))
    }

    fn arrive(&mut self, at: usize, received: bool) {
        let (id, call) = self.network.remove(at);
        let outcome = self.processor.process(call);
        let Some(at) = self.deliveries.iter().position(|delivery| delivery.id == id) else { return };
        if !received {
            // The delivery times out and fails. A later step may deliver the message again.
            self.deliveries.remove(at);
            return;
        }
        if let Progress::Wait(loaded) = self.deliveries[at].progress.clone() {
            self.deliveries[at].input = outcome;
            self.deliveries[at].progress = Progress::Decide(loaded);
        }
    }
}

fn pick<T>(items: &[T], index: &Index) -> Option<usize> {
    if items.is_empty() { None } else { Some(index.index(items.len())) }
}

-- All changes are additive: the previous version runs beside this one during a release.

-- The question about the end of an order, which is repeated until it is known. `ask_at` counts while the state is
-- `expired` or `rejected`. The default is for reservations of the previous version, those that exist and those that it
-- adds during the release: it neither sets the column nor clears it. The next release drops the default.
alter table reservations
    add column ask_at timestamptz default now() + interval '20 minutes',
    -- Number of questions since the end of the reservation.
    add column asked integer not null default 0;
create index reservations_by_question on reservations (ask_at)
    where state in ('expired', 'rejected') and ask_at is not null;

-- A request to publish every product again, while it is carried out: at most one row, without a limit on its products.
create table republication (
    id boolean primary key default true check (id),
    -- The last product that was written to the outbox.
    after uuid not null,
    requested_at timestamptz not null
);

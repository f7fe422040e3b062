-- All changes are additive: the previous version runs beside this one during a release.

-- What a repeated request is answered with. Null in rows of the previous version: the current price counts then, and a
-- rejection without its shortages is not repeated.
alter table reservation_lines
    add column unit_price_minor bigint,
    add column unit_price_currency text collate "C";
alter table reservations
    add column shortages jsonb,
    -- Whether the end of the reservation was announced and put off, which happens once.
    add column extended boolean not null default false;

-- The time of the commit, for the age of what is not yet published. `due_at` changes with every attempt.
alter table outbox
    add column created_at timestamptz not null default now(),
    -- The topic refuses the event for good. The row is kept for an operator, and never due.
    add column parked_at timestamptz;
create index outbox_parked on outbox (id) where parked_at is not null;

-- `inbox` is no longer written or read: `reservations.order_sequence` tells which events of an order were handled. The
-- previous version needs the table, so the next release drops it.

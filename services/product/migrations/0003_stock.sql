-- Pieces of a SKU, by what they are promised for. Apart from `variants`: these rows are small and change all the time.
create table stock (
    sku text collate "C" primary key references variants,
    available integer not null check (available >= 0),
    reserved integer not null default 0 check (reserved >= 0),
    sold integer not null default 0 check (sold >= 0)
) with (fillfactor = 70);

-- The ledger: every change of `stock`, as what was added to each of its columns. Its sums are the stock.
create table movements (
    id bigint generated always as identity primary key,
    sku text collate "C" not null references stock,
    kind text not null,
    available integer not null,
    reserved integer not null,
    sold integer not null,
    order_id uuid,
    user_id uuid,
    reason text,
    at timestamptz not null,
    -- Only deliveries and corrections make pieces appear or vanish. Everything else moves them.
    check (kind in ('stocked', 'adjusted') or available + reserved + sold = 0),
    check (kind <> 'adjusted' or (user_id is not null and reason is not null))
);
create index movements_by_sku on movements (sku, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the table % is append-only', tg_table_name;
end
$$;
create trigger movements_are_append_only
    before update or delete or truncate on movements
    for each statement execute function refuse_change();

-- What is known of an order: a reservation, or a mark that it must not get one any more.
create table reservations (
    order_id uuid primary key,
    id uuid not null unique,
    state text not null check (state in ('reserved', 'committed', 'released', 'expired', 'rejected')),
    -- The sequence of the newest event of the order that was handled. Older ones come too late.
    order_sequence bigint not null,
    -- Counts the changes of this row: the sequence of the events about it.
    version bigint not null check (version >= 1),
    expires_at timestamptz,
    check ((state = 'reserved') = (expires_at is not null))
);
create index reservations_by_expiry on reservations (expires_at) where state = 'reserved';

-- The pieces that an order holds. Lines exist exactly while its reservation is reserved or committed.
create table reservation_lines (
    order_id uuid not null references reservations,
    sku text collate "C" not null references stock,
    quantity integer not null check (quantity > 0),
    primary key (order_id, sku)
);

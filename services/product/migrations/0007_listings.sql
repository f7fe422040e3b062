-- Lists of products by availability, category, price and sort order, each from one index. All changes are additive.
--
-- The functions use indexes even if their plans were made and kept while the tables were empty (`enable_seqscan`).
-- Otherwise the first import takes time with the square of its size.
--
-- Triggers keep these tables, because the previous version writes products, variants and stock beside this one during a
-- release and does not know them. For the same reason no statement of an order changes, and none is added.

-- The number of a product's SKUs that have available pieces. It changes only when a SKU sells out or is available
-- again: other reservations write nothing here. It is a counter, not a flag that is computed from `stock`: two transactions
-- that take the last pieces of two SKUs of a product do not see each other's change, but each adds its own to the row.
-- Apart from `products`, because an import locks every product of its file until it ends.
create table availability (
    product_id uuid primary key references products,
    skus_in_stock integer not null
) with (fillfactor = 70);

-- The products for sale: one row for each distinct price of a product, so that a price range is a range of an index.
create table listings (
    product_id uuid not null references availability,
    price bigint not null,
    -- The product's next lower price, or 0. The product's first row in a range that begins at `min` is the one with
    -- `price >= min and lower_price < min`.
    lower_price bigint not null,
    category text collate "C" not null,
    folded_name text collate "C" not null,
    created_at timestamptz not null,
    in_stock boolean not null,
    -- The product again, for the indexes of the sort orders. Without `product_id` in them, the rows of a product can only
    -- be looked up by the primary key, whatever the planner knows of a new table.
    sort_id uuid not null generated always as (product_id) stored,
    -- For the condition of the indexes of the whole catalogue, which a list of one category must not use: it would read
    -- all other categories if its own is sold out.
    whole_catalogue boolean not null generated always as (true) stored,
    primary key (product_id, price)
);

-- Locks the availability of a product before it reads it, as the trigger of `stock` does: a SKU that sells out at the
-- same time changes either the counter that is read here, or the rows that are written here.
create function list_product(product uuid) returns void
    language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
begin
    insert into availability (product_id, skus_in_stock) values (product, 0)
    on conflict (product_id) do update set skus_in_stock = availability.skus_in_stock;
    delete from listings where product_id = product;
    insert into listings
    select p.id, v.price, lag(v.price, 1, 0::bigint) over (order by v.price), p.category, p.folded_name, p.created_at,
        a.skus_in_stock > 0
    from products p join availability a on a.product_id = p.id
    cross join lateral (select distinct price_minor as price from variants where product_id = p.id) as v
    where p.id = product and p.for_sale;
end
$$;

create function product_changed() returns trigger language plpgsql as $$
begin
    perform list_product(new.id);
    return null;
end
$$;

-- Deferred, because the variants are written after the product, and because an import would otherwise hold the locks
-- that orders wait for until it ends. Every change of a product or of its variants changes `version`.
create constraint trigger products_are_listed
    after insert or update of version, for_sale, category, name on products
    deferrable initially deferred for each row execute function product_changed();

-- Adds changes of `skus_in_stock`. The rows are locked in the order of the products: orders cannot deadlock.
create function add_skus_in_stock(products uuid[], changes integer[]) returns void
    language plpgsql set enable_seqscan = off
as $$
declare
    flipped uuid[];
begin
    with changed as (
        insert into availability as a (product_id, skus_in_stock)
        select product_id, sum(change) from unnest(products, changes) as c (product_id, change)
        group by product_id order by product_id
        on conflict (product_id) do update set skus_in_stock = a.skus_in_stock + excluded.skus_in_stock
        returning product_id, (coalesce(old.skus_in_stock, 0) > 0) <> (new.skus_in_stock > 0) as flips
    )
    select array_agg(product_id) into flipped from changed where flips;
    -- A statement of its own: it sees the rows that a change of the product has written before the lock was free.
    if flipped is not null then
        update listings l set in_stock = a.skus_in_stock > 0
        from availability a where a.product_id = l.product_id and l.product_id = any (flipped);
    end if;
end
$$;

create function stock_inserted() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    perform add_skus_in_stock(array_agg(v.product_id), array_agg(1))
    from inserted join variants v using (sku) where inserted.available > 0 having count(*) > 0;
    return null;
end
$$;
create trigger stock_counts_as_available after insert on stock
    referencing new table as inserted for each statement execute function stock_inserted();

-- Per statement, not per row: only so are the products of several SKUs locked in one order.
create function stock_changed() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    perform add_skus_in_stock(array_agg(v.product_id), array_agg(case when after.available > 0 then 1 else -1 end))
    from before join after using (sku) join variants v using (sku)
    where (before.available > 0) <> (after.available > 0) having count(*) > 0;
    return null;
end
$$;
create trigger stock_changes_availability after update on stock
    referencing old table as before new table as after for each statement execute function stock_changed();

-- The triggers have locked the tables against writes, so that nothing is missed.
insert into availability
select v.product_id, count(*) filter (where s.available > 0)
from variants v join stock s using (sku) group by v.product_id;
insert into listings
select p.id, v.price, lag(v.price, 1, 0::bigint) over (partition by p.id order by v.price), p.category, p.folded_name,
    p.created_at, a.skus_in_stock > 0
from products p join availability a on a.product_id = p.id
join (select distinct product_id, price_minor as price from variants) as v on v.product_id = p.id
where p.for_sale;

-- One index per sort order, with and without a category. A list that does not ask for availability reads both halves.
create index listings_by_price on listings (in_stock, price, sort_id)
    include (lower_price, folded_name, created_at) where whole_catalogue;
create index listings_by_name on listings (in_stock, folded_name, sort_id)
    include (price, lower_price) where whole_catalogue;
create index listings_by_age on listings (in_stock, created_at, sort_id)
    include (price, lower_price) where whole_catalogue;
create index listings_by_category_and_price on listings (category, in_stock, price, sort_id)
    include (lower_price, folded_name, created_at);
create index listings_by_category_and_name on listings (category, in_stock, folded_name, sort_id)
    include (price, lower_price);
create index listings_by_category_and_age on listings (category, in_stock, created_at, sort_id)
    include (price, lower_price);

-- Categories are shown by name. Folding all names at every request costs more than reading a page.
alter table categories add column folded_name text collate "C" not null generated always as (fold(name)) stored;

analyze availability, listings, categories;

-- One row: a catalogue has one currency, so that prices can be compared, sorted and filtered as numbers.
create table catalogue_currency (
    code text collate "C" primary key check (code ~ '^[A-Z]{3}$'),
    only_one boolean not null default true unique check (only_one)
);

create table categories (
    slug text collate "C" primary key,
    name text not null,
    -- How many products of it are for sale. Kept by every write, so that an unfiltered page need not count.
    products integer not null default 0 check (products >= 0)
);

create table products (
    id uuid primary key,
    slug text collate "C" not null unique,
    category text collate "C" not null references categories,
    name text not null,
    description text not null,
    for_sale boolean not null,
    -- Counts the product's changes. It is the sequence of the events, and what If-Match names.
    version bigint not null check (version >= 1),
    -- Taken from the variants, so that the list can be sorted and searched by an index.
    lowest_price bigint not null,
    variant_names text not null,
    created_at timestamptz not null,
    -- Sorts names as people do, whatever the database's default collation is.
    folded_name text collate "C" not null generated always as (fold(name)) stored,
    search tsvector not null generated always as (
        setweight(to_tsvector('english', fold(name)), 'A')
        || setweight(to_tsvector('english', fold(category || ' ' || variant_names)), 'B')
        || setweight(to_tsvector('english', fold(description)), 'D')
    ) stored
);
create index products_by_text on products using gin (search);
create index products_by_name on products (folded_name, id) where for_sale;
create index products_by_price on products (lowest_price, id) where for_sale;
create index products_by_age on products (created_at, id) where for_sale;
create index products_by_category on products (category);

create table variants (
    sku text collate "C" primary key,
    product_id uuid not null references products,
    -- The order in which a product shows its variants, from 0.
    position integer not null,
    name text not null,
    price_minor bigint not null check (price_minor > 0),
    currency text collate "C" not null references catalogue_currency
);
create index variants_by_product on variants (product_id, position);

-- Search that reads a bounded number of matches. A GIN index returns all matches of a word, and they are then ranked
-- one by one, so that a common word costs more the larger the catalogue is. All changes are additive. Triggers keep the
-- new table, because the previous version writes products beside this one. It also uses the GIN index: the next release
-- drops it, and the other indexes of `products` for lists.

-- An inverted index of the products for sale, by word and then by rank: the best matches of a word are its first rows.
create table search_postings (
    lexeme text collate "C" not null,
    product_id uuid not null,
    -- `ts_rank` of the word in the product, in millionths: integers have exact sums.
    rank integer not null,
    category text collate "C" not null
);

create function post_words(changed uuid[]) returns void language sql set enable_seqscan = off as $$
    insert into search_postings
    select word.lexeme, p.id, (1000000 * ts_rank(
            p.search, quote_literal(word.lexeme)::tsquery, 1
        ))::integer, p.category
    from products p cross join lateral unnest(p.search) as word
    where p.id = any (changed) and p.for_sale
    order by 1, 2;
$$;

create function product_inserted() returns trigger language plpgsql as $$
begin
    perform post_words(array_agg(id)) from inserted;
    return null;
end
$$;
create trigger new_products_are_found after insert on products
    referencing new table as inserted for each statement execute function product_inserted();

create function product_text_changed() returns trigger language plpgsql set enable_seqscan = off as $$
declare
    changed uuid[];
begin
    select array_agg(after.id) into changed from before join after using (id)
    where (before.search, before.for_sale, before.category)
        is distinct from (after.search, after.for_sale, after.category);
    if changed is not null then
        delete from search_postings s using before, unnest(before.search) as word
        where before.id = any (changed) and s.lexeme = word.lexeme and s.product_id = before.id;
        perform post_words(changed);
    end if;
    return null;
end
$$;
create trigger changed_products_are_found after update on products
    referencing old table as before new table as after for each statement execute function product_text_changed();

select post_words(array(select id from products));
alter table search_postings add primary key (lexeme, product_id) include (rank);
create index search_postings_by_rank on search_postings (lexeme, rank desc, product_id) include (category);
analyze search_postings;

-- The words of the catalogue that a shopper's word stands for: the same word, another form of it, up to 8 that begin
-- with it, and if the vocabulary has none that begins with it, the three that are most like it.
create function search_lexemes(wanted text) returns text[]
    -- A GIN index of the vocabulary is only read as a bitmap.
    language plpgsql stable strict set enable_seqscan = off set enable_bitmapscan = on
as $$
declare
    found text[];
begin
    -- From each word to the next one in the index, which is always one step.
    with recursive known (word) as (
        select (select p.lexeme from search_postings p where p.lexeme >= wanted order by p.lexeme limit 1)
        union all
        select (select p.lexeme from search_postings p where p.lexeme > known.word order by p.lexeme limit 1)
        from known where known.word ^@ wanted
    )
    select array(
        select word from (select word from known limit 8) as first where word ^@ wanted
        union select unnest(tsvector_to_array(to_tsvector('english', wanted)))
    ) into found;
    if length(wanted) >= 4
        and not coalesce((select word from search_words where word >= wanted order by word limit 1) ^@ wanted, false)
    then
        found := array(
            select unnest(found) union
            select unnest(tsvector_to_array(to_tsvector('english', word))) from similar_words(wanted) as word
        );
    end if;
    return found;
end
$$;

-- The products for sale that contain all words of a text, with the sum of their ranks. A bounded number is considered:
-- the best matches of the rarest word, of equal ones the oldest: new products do not push them off the pages that a
-- shopper reads. Every statement has a constant form, whose plan is kept.
create function search_products(input text) returns table (product_id uuid, category text, rank integer)
    language plpgsql stable strict rows 250 set enable_seqscan = off
as $$
declare
    candidates integer := 250;
    typed text[] := (string_to_array(fold(input), ' '))[1:8];
    telling text[];
    wanted text;
    forms text[];
    matches bigint;
    rarest text[];
    fewest bigint;
    others text[] := '{}';
    ids uuid[];
    ranks integer[];
    categories text[];
begin
    select array_agg(distinct word) into telling from unnest(typed) as word where to_tsvector('english', word) <> '';
    foreach wanted in array coalesce(telling, typed) loop
        forms := search_lexemes(wanted);
        select count(*) into matches
        from (select from search_postings p where p.lexeme = any (forms) limit candidates + 1) as first;
        if matches = 0 then
            return;
        elsif matches < fewest then
            others := others || rarest::text;
        elsif fewest is not null then
            others := others || forms::text;
            continue;
        end if;
        rarest := forms;
        fewest := matches;
    end loop;
    if others = '{}' and cardinality(rarest) = 1 then
        return query select p.product_id, p.category, p.rank from search_postings p where p.lexeme = rarest[1]
        order by p.rank desc, p.product_id limit candidates;
        return;
    end if;
    -- Each further word is looked up in every candidate.
    if others <> '{}' then
        candidates := 300 / (1 + cardinality(others));
    end if;
    select array_agg(b.product_id), array_agg(b.rank), array_agg(b.category) into ids, ranks, categories from (
        select p.product_id, max(p.rank) as rank, max(p.category) as category
        from unnest(rarest) as form (lexeme) cross join lateral (
            select s.product_id, s.rank, s.category from search_postings s where s.lexeme = form.lexeme
            order by s.rank desc, s.product_id
            limit case when fewest > 250 then greatest(2 * candidates / cardinality(rarest), 25) else 250 end
        ) as p
        group by p.product_id order by 2 desc, 1 limit candidates
    ) as b;
    for forms in select unnest(others)::text[] loop
        select array_agg(b.id), array_agg(b.rank + other.rank), array_agg(b.category) into ids, ranks, categories
        from unnest(ids, ranks, categories) as b (id, rank, category) cross join lateral (
            select max(s.rank) as rank from search_postings s where s.lexeme = any (forms) and s.product_id = b.id
        ) as other
        where other.rank is not null;
    end loop;
    return query select * from unnest(ids, categories, ranks);
end
$$;

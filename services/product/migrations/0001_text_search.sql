-- What search is made of. It uses core PostgreSQL only: the local PostgreSQL comes without contrib, so pg_trgm cannot be
-- created there, and the same migration must run everywhere. Trigrams and similarity are defined as pg_trgm defines them.
-- Every function names its collation, so that a database finds the same whatever its default collation is.

-- Text as it is compared: lower case, without accents, words of letters and digits with one space between them.
create function fold(input text) returns text
    language sql immutable strict parallel safe
    return btrim(regexp_replace(
        regexp_replace(normalize(lower(input collate "pg_c_utf8"), NFKD), U&'[\0300-\036F]', '', 'g'),
        '[^[:alnum:]]+', ' ', 'g'
    ));

-- The distinct groups of three letters of a folded word: two spaces before it, one after it.
create function trigrams(word text) returns text[]
    language sql immutable strict parallel safe
    return array(
        select distinct substr('  ' || word || ' ', start, 3) collate "C"
        from generate_series(1, length(word) + 1) as start
    );

-- The catalogue's vocabulary: what a misspelt word may have meant.
create table search_words (
    word text collate "C" primary key,
    trigrams text[] not null
);
create index search_words_by_trigram on search_words using gin (trigrams);

-- The three known words that are most like one. They share at least a quarter of the trigrams that the two have together
-- (pg_trgm asks for 0.3, which does not forgive two letters of a six-letter word that changed places), and are not much
-- less like it than the best.
create function similar_words(wanted text) returns setof text
    language sql stable strict parallel safe
begin atomic
    with asked as materialized (select trigrams(wanted) as trigrams)
    select word from (
        select known.word, similarity, max(similarity) over () as best
        from asked join search_words as known on known.trigrams && asked.trigrams
        cross join lateral (
            select count(*) as shared from unnest(known.trigrams) as trigram where trigram = any (asked.trigrams)
        ) as overlap
        cross join lateral (
            select shared::real / (cardinality(known.trigrams) + cardinality(asked.trigrams) - shared) as similarity
        ) as likeness
    ) as candidates
    where similarity >= greatest(0.25, 0.6 * best)
    order by similarity desc, word
    limit 3;
end;

-- What a shopper's text asks for. All of its words are wanted: as they are, as another form of the word, or as the
-- beginning of one. A word that the vocabulary does not know stands for the three known ones that are most like it, if any are.
-- Words such as "of" are left out, unless there is no other.
create function search_query(input text) returns tsquery
    language plpgsql stable strict parallel safe
as $$
declare
    typed text[] := (string_to_array(fold(input), ' '))[1:8];
    telling text[];
    wanted text;
    meant text;
    alternatives tsquery;
    result tsquery;
begin
    select array_agg(word) into telling from unnest(typed) as word where to_tsvector('english', word) <> '';
    foreach wanted in array coalesce(telling, typed) loop
        alternatives := to_tsquery('simple', wanted || ':*') || plainto_tsquery('english', wanted);
        if length(wanted) >= 4 and not exists (select from search_words where word ^@ wanted) then
            for meant in select similar_words(wanted) loop
                alternatives := alternatives || plainto_tsquery('english', meant);
            end loop;
        end if;
        result := coalesce(result && alternatives, alternatives);
    end loop;
    return result;
end
$$;

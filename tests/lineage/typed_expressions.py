"""Expressions of every kind whose type is told, and of kinds about which the engine surprises."""

from __future__ import annotations

ARITHMETIC = """
i | 1 | 2147483647 | 2147483648 | 9223372036854775808 | -1 | 1.5 | 100.0 | 1e3 | 1_000 | 'a'
true
i + j | i + b | ti + si | ti + 1 | ti + 200 | si + 1 | b + 3000000000 | i + 3000000000 | ui + 1
ti * 100 | ti * 1000 | ub * 2 | ui * ub | h + 1 | 1 + 1 | 200 - ti | ti + -1 | i % 2 | b % i
ti % 5
i / j | i / 2 | d / d | r / f | i // j | b // 2 | d // 2 | f // 2 | 100 * i / j | d + f | r + i
d + d | d + e | d - 1 | i + d | d * d | d * e | d * 2 | d * b | d * 1.1 | d * 100 | 1 - e | w + d
w * d | h * d | 1.0 * i | b * 1.0 | si * d | cast(d as decimal(18,9)) * cast(d as decimal(18,9))
-i | -d | +i | -(1) | -1.5 | i & j + 1 | f * 1.5 | r * r | i ** 2 | i ^ 2 | round(d / 3, 2)
"""
MOMENTS = """
dt + 1 | dt - 1 | i + dt | dt - du | ts - ts | tz - tz | dt - ts | tz - ts | dt + interval 1 day
dt - interval 1 month | interval 1 day + dt | ts + interval 1 day | tz - interval 1 day | iv + iv
dt + to_days(i) | current_date - 1 | current_date - dt | now() - interval 1 day | now()::date
date_trunc('month', dt) | date_trunc('month', ts) | date_trunc('day', tz)
date_trunc('day', now())
date_trunc('month', cast(ts as date))
extract(year from dt) | extract('dow' from dt) | date_part('hour', ts) | date_part('epoch', ts)
year(dt) | quarter(dt) | month(dt) | week(dt) | weekofyear(dt) | day(dt) | dayofmonth(dt)
dayofweek(dt) | isodow(dt) | dayofyear(dt) | hour(ts) | minute(ts) | second(ts) | epoch(ts)
date_diff('day', dt, du) | date_sub('day', ts, ts) | datesub('day', dt, du) | last_day(dt)
date(ts)
date_add(dt, interval 1 day) | date_add(dt, 1) | strftime(ts, '%Y') | strptime(s, '%Y')
strptime(s, '%Y %z') | try_strptime(s, '%Y') | make_date(i, 1, 1) | dayname(dt) | monthname(dt)
make_timestamp(i, i, i, i, i, f) | current_timestamp | current_date | today() | now()
get_current_timestamp() | localtimestamp | timezone('UTC', ts) | timezone('UTC', tz)
timezone('UTC', dt) | ts at time zone 'UTC' | now() at time zone 'UTC' | dt at time zone 'UTC'
interval 1 day | interval '1' day | date '2026-01-01' | timestamp '2026-01-01' | tm | iv
epoch_ms(b) | epoch_ms(ts) | to_timestamp(i) | epoch_us(ts) | epoch_ns(ts) | age(ts, ts)
"""
CHOICES = """
coalesce(i, 0) | coalesce(ti, 0) | coalesce(si, 100000) | coalesce(b, i) | coalesce(d, 0)
coalesce(d, 0.0) | coalesce(d, 0.005) | coalesce(d, e) | coalesce(e, 0) | coalesce(d, i)
coalesce(d, f) | coalesce(f, 0) | coalesce(r, d) | coalesce(i, 1.5) | coalesce(s, 'x')
coalesce(dt, '2026-01-01') | coalesce(dt, ts) | coalesce(ts, tz) | coalesce(u, 'a')
coalesce(ui, i)
coalesce(null, i) | coalesce(i, null, 0) | coalesce(1, 2, ti) | coalesce(ti, 1, 2)
coalesce(b, 1.5)
coalesce(ti, 1000, si) | coalesce(o, false) | coalesce('a', 'b') | coalesce(en, 'a')
ifnull(i, 0)
nullif(i, 0) | nullif(ti, 1000) | nullif(i, d) | nullif(s, '') | nullif(1, i)
nullif(dt, '2026-01-01')
case when o then i else b end | case when o then i end | case when o then 'a' end
case when o then 1 else 0 end | case when o then 1.5 else 0 end
case when o then 1.5 else 2.25 end
case when o then 'a' else s end | case when o then d else 0 end | case when o then ti else 1 end
case when o then dt when o then ts end | case i when 1 then s else t end
case when o then null end
case when o then 1 when o then 2 else ti end | case when o then 3000000000 else 1 end
case when o then '2026-01-01' else dt end | if(o, 1, 0) | if(o, i, b) | if(o, 'a', s)
if(o, 1, 1.5)
greatest(i, b) | greatest(dt, du) | least(d, e) | least(f, d) | greatest('a', s) | greatest(ti, 5)
greatest(ti, 500) | least(tz, tz)
"""
FUNCTIONS = """
lower(s) | upper(s) | trim(s) | ltrim(s, '0') | substring(s, 1, 2) | left(s, 2) | right(s, 2)
lpad(s, 3, '0') | replace(s, 'a', 'b') | reverse(s) | split_part(s, ',', 1) | string_split(s, ',')
regexp_replace(s, 'a', 'b', 'g') | regexp_extract(s, '(a)', 1)
regexp_extract(s, '(a)(b)', ['x', 'y'])
md5(s) | sha1(s) | sha256(s) | chr(i) | ascii(s) | unicode(s) | ord(s) | format('{}', i)
printf('%d', i) | to_base64(bl) | strip_accents(s) | array_to_string(l, ',') | nfc_normalize(s)
typeof(i) | length(s) | strlen(s) | len(l) | array_length(l) | strpos(s, 'a') | levenshtein(s, t)
hamming(s, t) | damerau_levenshtein(s, t) | jaccard(s, t) | jaro_similarity(s, t) | hash(s)
jaro_winkler_similarity(s, t) | s || t | s || i | 'a' || 'b' | s || null | l || l | dt || s
concat(s, i) | concat(l, l) | concat_ws(',', s, t) | s[1:2] | s[1] | l[1] | l[1:2] | ls[1]
js->>'a' | js->'a' | js->>['a', 'b'] | json_extract_string(js, '$.a') | cast(js->>'a' as integer)
s like 'a' | s ilike 'a' | s glob 'a' | s similar to 'a' | s ~ 'a' | regexp_full_match(s, 'a')
regexp_matches(s, 'a') | starts_with(s, 'a') | s ^@ 'a' | suffix(s, 'a') | ends_with(s, 'a')
prefix(s, 'a') | contains(s, 'a') | s like 'a' escape 'x' | list_contains(l, 1) | isnan(f)
isfinite(f) | isinf(f) | i = j | i <> j | i < j | i <= j | i > j | i >= j | i is null
i in (1, 2)
i is distinct from j | i is not distinct from j | i between 1 and 2 | not o | o and o | o or o
exists (select 1) | i = any(select 1)
abs(i) | abs(d) | abs(1) | round(i) | round(d) | round(d, 1) | round(d, 4) | round(f, 2)
round(r)
round(ui) | round(100.0 * i, 1) | floor(d) | floor(i) | floor(r) | ceil(d) | ceil(1.5) | trunc(d)
trunc(i) | sign(d) | sqrt(i) | cbrt(i) | exp(i) | ln(i) | log10(i) | log2(d) | pow(d, 2) | sin(f)
cos(f) | tan(f) | asin(f) | acos(f) | atan(f) | atan2(f, f) | radians(f) | degrees(f) | pi()
random() | gcd(i, j) | greatest_common_divisor(i, j) | lcm(i, j) | uuid() | gen_random_uuid()
i::bigint | cast(s as date) | try_cast(s as integer) | d::decimal | cast(d as decimal(10))
cast(d as numeric(10,3)) | cast(s as varchar(10)) | cast(s as char(3)) | cast(s as text)
cast(i as int8) | cast(i as hugeint) | cast(i as real) | cast(i as double precision)
cast(i as bool)
cast(ts as timestamp with time zone) | cast(ts as datetime) | cast(s as timestamp(3))
cast(s as timestamp_ms) | cast(s as timestamp_us) | cast(s as json) | cast(s as uuid)
cast(s as bytea) | cast(s as time) | cast(s as time with time zone) | cast(l as bigint[])
cast(s as decimal(10,2)[]) | cast(s as integer[3]) | cast(s as struct(a integer)) | cast(s as oid)
cast(s as enum('a')) | cast(s as interval) | cast(i as utinyint) | cast(s as varint) | st.a
st | en
(i) | (select max(i) from x) | (select 1) | coalesce((select max(ti) from x), 0) | (select d) + 1
"""
AGGREGATES = """
count(*) | count(i) | count(distinct s) | approx_count_distinct(i) | count_if(o) | sum(ti)
sum(b)
sum(ub) | sum(d) | sum(w) | sum(f) | sum(r) | sum(o) | sum(1) | sum(1.5) | sum(distinct i)
sum(case when o then 1 else 0 end) | sum(d * i) | sum(d) / count(*) | sum(i) * 1.0 | sum(d) + 1
sum(i) filter (where o) | coalesce(sum(d), 0) | coalesce(sum(i), 0) | avg(i) | avg(d) | avg(dt)
avg(iv) | min(s) | max(d) | max(dt) | min(o) | max('a') | max(1) | min(i, 2) | any_value(s)
first(i)
first(i order by s) | last(d) | arbitrary(i) | arg_max(s, i) | max_by(s, i) | arg_max(s, i, 2)
arg_min(d, i) | mode(s) | median(i) | median(d) | median(dt) | quantile_cont(i, 0.5)
quantile_cont(d, 0.5)
quantile_cont(i, [0.5]) | quantile_disc(i, 0.5) | approx_quantile(i, 0.5)
percentile_cont(0.5) within group (order by i) | percentile_cont(0.5) within group (order by d)
percentile_disc(0.5) within group (order by s) | stddev(i) | stddev_samp(d) | stddev_pop(f)
variance(i) | var_pop(i) | corr(i, j) | covar_pop(i, j) | covar_samp(i, j) | skewness(i)
kurtosis(i) | kurtosis_pop(i) | entropy(i) | product(i) | mean(i) | fsum(f) | kahan_sum(f)
sumkahan(f) | favg(f) | sem(i) | bool_and(o) | bool_or(o) | string_agg(s, ',')
string_agg(distinct s, ',' order by s) | list(i) | list(1) | array_agg(distinct d)
count(*) filter (where o) / count(*) | max(dt) - min(dt) | max(ts) - min(ts) | count(*) - count(i)
row_number() over () | rank() over (order by i) | dense_rank() over (order by i)
percent_rank() over (order by i) | cume_dist() over (order by i) | ntile(4) over (order by i)
lag(d) over (order by i) | lag(ti, 1, 1000) over (order by i) | lead(dt) over (order by i)
first_value(s) over (order by i) | last_value(s) over (order by i)
nth_value(i, 2) over (order by i)
first_value(i ignore nulls) over (order by i) | sum(d) over (partition by s)
count(*) over () * 1.0
last_value(i respect nulls) over (order by i)
"""
QUERIES = (
    "select v from (select 1 as v, ti from x)",
    "select coalesce(y, ti) as v from (select 1 as y, ti from x)",
    "select 1 as a, coalesce(ti, a) as v from x",
    "select '2026-01-01' as a, coalesce(dt, a) as v from x",
    "select v from (select 'a' as v)",
    "with c as (select 1 as y, ti from x) select ti + y as v from c",
    "with c(v, y) as (select i, d from x) select y * 2 as v from c",
    "select a.v from (select i as v from x) as a join (select b as v from x) as c on true",
    "select v from (select i as v from x) as a join (select b as v from x) as c using (v)",
    "select v from (select i as v from x) as a right join (select b as v from x) as c using (v)",
    "select v from (select i as v from x) as a full join (select b as v from x) as c using (v)",
    "select v from (select i as v from x) as a natural full join (select d as v from x) as c",
    "select i as v from x union all select b from x",
    "select d as v from x union all select e from x",
    "select ti as v from x union all select 1",
    "select dt as v from x union all select '2026-01-01'",
    "select null as v union all select i from x",
    "select s as v from x union all select i from x",
    "select i as v from x union by name select b as v from x",
    "select i as v from x except select b from x",
    "with recursive c as (select 1 as v union all select v + 3000000000 from c) select v from c",
    "select d as v from x order by 1 limit 1",
    "select * from (select dt + 1 as v from x)",
    "select * replace (v::bigint as v) from (select i as v from x)",
    "select * rename (i as v) from (select i from x)",
    "select y.* from (select ts as v from x) as y",
    "select columns('v') + 1 from (select ti as v from x)",
    "select columns(*)::varchar from (select ti as v from x)",
    "select v from (values (1), (2)) as y(v)",
    "select v from (values (1), (3000000000)) as y(v)",
    "select v from (values ('a'), ('b')) as y(v)",
    "select (select sum(y.d) from x as y where y.i = x.i) as v from x",
    "from x select sum(i) as v",
    "select unnest(l) as v from x",
    "select v from x, unnest(l) as y(v)",
    "select v from range(3) as y(v)",
    "select rowid as v from x",
    "select i as v, sum(d) as y from x group by all",
    "unpivot (select i, j from x) on i, j into name n value v",
)


def expressions():
    """All of them, one by one."""
    lines = "\n".join((ARITHMETIC, MOMENTS, CHOICES, FUNCTIONS, AGGREGATES)).strip().split("\n")
    # A bar between spaces parts two expressions; none of them holds one.
    return [one.strip() for line in lines if line for one in line.split(" | ")]

-- A small shop, with data that looks like a shop's: 613,000 rows, pictures that no compression makes smaller, and a few
-- large objects.
create extension pg_trgm;
create type order_status as enum ('new', 'paid', 'shipped', 'returned');

create table customers (
  id bigint generated always as identity primary key,
  name text not null,
  email text not null unique,
  address jsonb not null,
  joined_at timestamptz not null
);
create table products (
  id bigint generated always as identity primary key,
  name text not null,
  price numeric(10, 2) not null check (price > 0),
  description text not null
);
create table orders (
  id bigint generated always as identity,
  customer_id bigint not null references customers,
  status order_status not null,
  placed_at timestamptz not null,
  primary key (id, placed_at)
) partition by range (placed_at);
create table orders_2025 partition of orders for values from ('2025-01-01') to ('2026-01-01');
create table orders_2026 partition of orders for values from ('2026-01-01') to ('2027-01-01');
create table order_items (
  order_id bigint not null,
  product_id bigint not null references products,
  quantity int not null,
  unit_price numeric(10, 2) not null,
  total numeric generated always as (quantity * unit_price) stored
);
create table pictures (product_id bigint primary key references products, jpeg bytea not null);
create table events (id bigserial primary key, at timestamptz not null, kind text not null, payload jsonb not null);

select setseed(0.42);

insert into customers (name, email, address, joined_at)
select first || ' ' || last, lower(first || '.' || last || n || '@example.com'),
  jsonb_build_object('city', city, 'street', last || ' street ' || n % 200, 'postcode', lpad((n * 7 % 99999)::text, 5, '0')),
  timestamptz '2025-01-01' + n * interval '8 minutes'
from (
  select n,
    (array['Ada','Björn','Chloé','Dmitri','Elif','Fatima','Goran','Hanna','Inés','Jürgen','Kwame','Léa','Mei','Noor','Oskar','Priya'])[1 + n % 16] as first,
    (array['Nguyen','Müller','García','Okafor','Rossi','Novák','Smith','Tanaka','Dubois','Silva','Kowalski'])[1 + n % 11] as last,
    (array['Lyon','Berlin','Porto','Lagos','Oslo','Kyoto','Austin'])[1 + n % 7] as city
  from generate_series(1, 40000) n
) people;

insert into products (name, price, description)
select (array['Walnut','Steel','Linen','Ceramic','Recycled'])[1 + n % 5] || ' ' || (array['lamp','kettle','chair','mug','clock','rug'])[1 + n % 6] || ' no. ' || n,
  round((random() * 200 + 1)::numeric, 2), repeat('Made to last, made to be repaired. ', 1 + n % 8)
from generate_series(1, 2000) n;

insert into pictures (product_id, jpeg)
select id, decode(string_agg(md5(random()::text), ''), 'hex') from products, generate_series(1, 4096) where id <= 1000 group by id;

insert into orders (customer_id, status, placed_at)
select 1 + (random() * 39999)::int, (enum_range(null::order_status))[1 + n % 4], timestamptz '2025-01-01' + random() * interval '680 days'
from generate_series(1, 120000) n;

insert into order_items (order_id, product_id, quantity, unit_price)
select 1 + (random() * 119999)::int, 1 + (random() * 1999)::int, 1 + (random() * 5)::int, round((random() * 200 + 1)::numeric, 2)
from generate_series(1, 300000);

insert into events (at, kind, payload)
select timestamptz '2026-01-01' + n * interval '2 minutes', (array['view','cart','checkout','login'])[1 + n % 4],
  jsonb_build_object('session', md5(random()::text), 'path', '/products/' || (random() * 2000)::int, 'ms', (random() * 900)::int)
from generate_series(1, 150000) n;

select count(lo_from_bytea(0, convert_to(repeat(md5(n::text), 2048), 'UTF8'))) from generate_series(1, 12) n;
create view revenue_per_day as
  select date_trunc('day', o.placed_at) as day, sum(i.total) as revenue from orders o join order_items i on i.order_id = o.id group by 1;
create role shop_readonly;
grant select on all tables in schema public to shop_readonly;
analyze;

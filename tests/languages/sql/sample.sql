-- The shop's database.
CREATE SCHEMA shop;

CREATE TYPE mood AS ENUM ('open', 'closed');
CREATE SEQUENCE shop_ids START 1;

/* Who owns
   what. */
CREATE TABLE IF NOT EXISTS owners (
    id SERIAL PRIMARY KEY,
    "full name" TEXT NOT NULL
);

-- What is on the shelf.
CREATE TABLE shop.items (
    id BIGINT NOT NULL,
    -- Shown to people.
    name VARCHAR(80) NOT NULL DEFAULT 'pear',
    price NUMERIC(10, 2),
    owner_id INT REFERENCES owners (id) ON DELETE CASCADE,
    mood mood,
    PRIMARY KEY (id),
    UNIQUE (name, owner_id)
);

CREATE UNIQUE INDEX items_by_name ON shop.items (name);

ALTER TABLE shop.items ADD COLUMN sold_at TIMESTAMP;

CREATE OR REPLACE VIEW cheap_items AS
SELECT i.name, o.id
FROM shop.items AS i
JOIN owners o ON o.id = i.owner_id
WHERE i.price < 10;

CREATE MATERIALIZED VIEW shop.totals AS
SELECT owner_id, sum(price) AS total FROM shop.items GROUP BY owner_id;

-- Price after the discount.
CREATE FUNCTION discount(price NUMERIC, rate NUMERIC DEFAULT 0.9)
RETURNS NUMERIC AS $$
  SELECT price * rate;
$$ LANGUAGE sql;

CREATE OR REPLACE FUNCTION shop.log_sale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales (item_id) VALUES (NEW.id);
  RETURN NEW;
END;
$$;

CREATE PROCEDURE close_shop(owner INT) LANGUAGE SQL AS $$
  DELETE FROM owners WHERE id = owner;
  UPDATE shop.items SET mood = 'closed';
$$;

CREATE TRIGGER on_sale AFTER UPDATE ON shop.items
FOR EACH ROW EXECUTE FUNCTION shop.log_sale();

CREATE POLICY own_items ON shop.items USING (owner_id = current_owner());

INSERT INTO owners (id) VALUES (1), (2);

WITH sold AS (SELECT * FROM shop.items WHERE sold_at IS NOT NULL)
SELECT discount(price) FROM sold;

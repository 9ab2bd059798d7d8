# A coffee machine: coins in, coffee out.
class Machine
  PRICES = { 'espresso' => 120, 'coffee' => 150, 'chocolate' => 180 }.freeze
  COINS = [200, 100, 50, 20, 10].freeze

  attr_reader :credit, :message

  def initialize
    @credit = 0
    @cups = Hash.new(0)
  end

  def fill(drink, cups)
    @cups[drink] = cups
  end

  def cups(drink)
    @cups[drink]
  end

  def insert(coin)
    return @message = 'coin returned' unless COINS.include?(coin)
    @credit += coin
  end

  def choose(drink)
    price = PRICES.fetch(drink) { return @message = 'no such drink' }
    return @message = 'sold out' if @cups[drink].zero?
    return @message = "#{price - @credit} cents missing" if @credit < price
    @cups[drink] -= 1
    @credit -= price
    @message = "here is your #{drink}"
  end

  def change
    COINS.flat_map do |coin|
      count, @credit = @credit.divmod(coin)
      [coin] * count
    end
  end
end

module Coffee
  def machine
    @machine ||= Machine.new
  end

  def same(actual, expected)
    raise "expected #{expected.inspect}, got #{actual.inspect}" unless actual == expected
  end
end

World(Coffee)

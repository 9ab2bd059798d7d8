Given(/^a machine with (\d+) cups? of (\w+)$/) { |cups, drink| machine.fill(drink, cups.to_i) }

# Slow on purpose, so that there is something to gain from several containers.
Given(/^the water is hot$/) { sleep 0.4 }

When(/^I insert (\d+) cents?$/) { |coin| machine.insert(coin.to_i) }
When(/^I insert these coins:$/) { |table| table.raw.flatten.each { |coin| machine.insert(coin.to_i) } }
When(/^I choose (\w+)$/) { |drink| machine.choose(drink) }

Then(/^it says "([^"]*)"$/) { |text| same(machine.message, text) }
Then(/^my credit is (\d+) cents$/) { |cents| same(machine.credit, cents.to_i) }
Then(/^(\d+) cups? of (\w+) (?:is|are) left$/) { |cups, drink| same(machine.cups(drink), cups.to_i) }
Then(/^my change is (.+)$/) { |coins| same(machine.change, coins.split(', ').map(&:to_i)) }
Then(/^I get no change$/) { same(machine.change, []) }

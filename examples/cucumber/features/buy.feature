Feature: Buying a drink

  Background:
    Given a machine with 2 cups of coffee
    And the water is hot

  Scenario: With the right money
    When I insert 100 cents
    And I insert 50 cents
    And I choose coffee
    Then it says "here is your coffee"
    And 1 cup of coffee is left
    And I get no change

  Scenario: With too little money
    When I insert 100 cents
    And I choose coffee
    Then it says "50 cents missing"
    And my credit is 100 cents

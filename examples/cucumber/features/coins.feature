Feature: Coins

  Scenario: Coins that it knows
    When I insert these coins:
      | 200 | 100 | 50 |
      | 20  | 10  | 10 |
    Then my credit is 390 cents

  Scenario Outline: Coins that it does not know
    When I insert <coin> cents
    Then it says "coin returned"
    And my credit is 0 cents

    Examples:
      | coin |
      | 1    |
      | 5    |
      | 500  |

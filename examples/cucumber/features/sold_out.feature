Feature: Sold out

  Scenario: The last cup
    Given a machine with 1 cup of chocolate
    And the water is hot
    When I insert 200 cents
    And I choose chocolate
    Then it says "here is your chocolate"
    When I insert 200 cents
    And I choose chocolate
    Then it says "sold out"
    And my credit is 220 cents

  Scenario: Something else
    When I choose tea
    Then it says "no such drink"
